import { Agent, request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { CallError, errorForm, isErrorForm } from './errors.ts'
import { carried, callAtWork } from './context.ts'

export interface CallOptions {
  signal?: AbortSignal
  headers?: Record<string, string>
  /** Milliseconds until the call is given up. @defaultValue 60 s; none for a stream. */
  timeout?: number
}

/** Free connections are dropped before the gateway would: no call meets a connection that is being closed. */
const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: 4_000 })

/**
 * Calls another service's endpoint: `await call('greeter', 'Hello', { name: 'Ada' })`; another team's is
 * `'@team/service'`. The call stays in the environment and the trace of the call being answered. Throws CallError.
 */
// The answer's type is known to the caller alone: `call<{ message: string }>(…)` says it, and without it anything goes.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export async function call<Response = any>(
  service: string,
  endpoint: string,
  body: unknown = {},
  options: CallOptions = {},
): Promise<Response> {
  const target = `${service}/${endpoint}`
  const timeout = AbortSignal.timeout(options.timeout ?? 60_000)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
  try {
    const answer = await send(target, body, { ...options, signal }, 'application/json')
    return (await readAnswer(target, answer)) as Response
  } catch (error) {
    if (timeout.aborted && !options.signal?.aborted) throw unreached(target, 504, 'it timed out', error)
    throw error
  }
}

call.stream = streamCall

/** Calls a streaming endpoint and yields its messages; leaving the loop ends the call. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
async function* streamCall<Message = any>(
  service: string,
  endpoint: string,
  body: unknown = {},
  options: CallOptions = {},
): AsyncGenerator<Message, void> {
  const target = `${service}/${endpoint}`
  const answer = await send(target, body, options, 'text/event-stream')
  if (answer.statusCode !== 200 || !answer.headers['content-type']?.startsWith('text/event-stream')) {
    yield (await readAnswer(target, answer)) as Message
    return
  }
  try {
    for await (const { event, data } of events(answer)) {
      if (event === 'end') return
      const value: unknown = JSON.parse(data)
      if (event === 'error') throw new CallError(target, isErrorForm(value) ? value : errorForm('', 502, data))
      yield value as Message
    }
  } finally {
    answer.destroy()
  }
  throw unreached(target, 502, 'the stream was cut off')
}

async function send(target: string, body: unknown, options: CallOptions, accept: string): Promise<IncomingMessage> {
  const gateway = process.env.M3O_GATEWAY
  if (!gateway) throw unreached(target, 503, 'M3O_GATEWAY is not set: the service is not running on a platform')
  const payload = JSON.stringify(body ?? {})
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await exchange(new URL(`${gateway}/${pathOf(target)}`), payload, options, accept)
    } catch (error) {
      if (options.signal?.aborted) throw error
      // Only a connection that was closed while it lay idle is tried again: then nothing was done with the request.
      if (attempt === 1 && error instanceof Error && 'stale' in error) continue
      throw unreached(target, 503, error instanceof Error ? error.message : String(error), error)
    }
  }
}

function exchange(url: URL, payload: string, options: CallOptions, accept: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      agent,
      method: 'POST',
      headers: {
        ...context(),
        ...options.headers,
        accept,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
      },
      ...(options.signal && { signal: options.signal }),
    })
    request.on('response', resolve)
    request.on('error', (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code ?? '')
      reject(stale ? Object.assign(error, { stale: true }) : error)
    })
    request.end(payload)
  })
}

function context(): Record<string, string> {
  const inbound = callAtWork()?.headers ?? {}
  const headers: Record<string, string> = {}
  for (const name of carried) {
    const value = inbound[name]
    if (typeof value === 'string') headers[name] = value
  }
  return headers
}

function pathOf(target: string): string {
  return target
    .split('/')
    .map((part) => encodeURIComponent(part).replace(/^%40/, '@'))
    .join('/')
}

async function readAnswer(target: string, answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer)
  } catch (error) {
    throw unreached(target, 502, 'the response was cut off', error)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  const code = answer.statusCode ?? 502
  let value: unknown
  try {
    value = text === '' ? {} : JSON.parse(text)
  } catch (error) {
    throw unreached(target, code < 400 ? 502 : code, `the response is not JSON: ${text.slice(0, 200)}`, error)
  }
  if (code < 400) return value
  throw new CallError(target, isErrorForm(value) ? { ...value, code } : errorForm('', code, text.slice(0, 500)))
}

/** Server-sent events of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
async function* events(answer: IncomingMessage): AsyncGenerator<{ event: string; data: string }> {
  answer.setEncoding('utf8')
  let rest = ''
  for await (const chunk of answer) {
    const blocks = (rest + String(chunk)).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
          .join('\n')
      const data = field('data')
      if (data !== '') yield { event: field('event') || 'message', data }
    }
  }
}

function unreached(target: string, code: number, why: string, cause?: unknown): CallError {
  return new CallError(target, errorForm('', code, why), { cause })
}
