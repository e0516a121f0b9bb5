import { request } from 'node:http'

export interface RawAnswer {
  status: number
  text: string
}

/** A request exactly as given; status 0 when the connection was closed instead of answered. */
export function rawRequest(
  url: string,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = [],
  }: { method?: string; headers?: Record<string, string>; body?: Iterable<string | Buffer> } = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = ''
    const sent = request(`${url}${path}`, { method, headers, agent: false }, (answer) => {
      const settle = () => resolve({ status: answer.statusCode ?? 0, text })
      answer
        .setEncoding('utf8')
        .on('data', (part: string) => {
          text += part
        })
        .once('close', settle)
        .on('error', settle)
    })
    sent.once('error', () => resolve({ status: 0, text }))
    for (const part of body) sent.write(part)
    sent.end()
  })
}

export const postJson = (
  url: string,
  path: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<RawAnswer> =>
  rawRequest(url, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), ...headers },
    body: [body],
  })
