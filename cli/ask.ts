import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Readable } from 'node:stream'

/** What is used of an answer. */
export interface Answer {
  ok: boolean
  status: number
  json(): Promise<unknown>
}

export interface Asked {
  method?: string
  headers?: Record<string, string>
  /** A stream is sent as it comes. */
  body?: string | Readable | null
  signal?: AbortSignal | null
}

/**
 * A request by `node:http`: the first use of `fetch` loads undici, which takes a command longer than all else of its request. What
 * has moved elsewhere is asked for there, as `fetch` does it.
 */
export async function ask(url: string, { method = 'GET', headers = {}, body, signal }: Asked = {}): Promise<Answer> {
  const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http')
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const length = typeof body === 'string' ? { 'content-length': String(Buffer.byteLength(body)) } : undefined
    const sent = request(url, { method, headers: { ...headers, ...length }, ...(signal && { signal }) }, resolve).on(
      'error',
      reject,
    )
    if (!isStream(body)) return sent.end(body ?? undefined)
    // An answer may come before all is sent: then that is what matters, not that it could not be sent.
    body.on('error', (error) => sent.destroy(error)).pipe(sent)
  })
  const status = answer.statusCode ?? 0
  if (status >= 300 && status < 400 && answer.headers.location !== undefined && !isStream(body)) {
    answer.destroy()
    return fetch(url, { method, headers, body: body ?? null, signal: signal ?? null })
  }
  const said = text(answer)
  said.catch(() => {}) // seen by whoever reads it
  return { ok: status >= 200 && status < 300, status, json: async () => JSON.parse(await said) as unknown }
}

const isStream = (body: Asked['body']): body is Readable => typeof body === 'object' && body !== null
