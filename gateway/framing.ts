import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PlatformError } from '#contract/errors.ts'
import { STATUS_CODES } from '#contract/node-http.ts'
import { refusalBody } from './answer/refusal.ts'

/** Connections that carry no further request. */
const condemned = new WeakSet<object>()

/** What follows a request that could be framed in two ways may be a part of it. */
export function isCondemned(request: IncomingMessage): boolean {
  return condemned.has(request.socket)
}

/** What Node lets pass but two readers might frame, or address, differently. */
export function framingFault(request: IncomingMessage, response: ServerResponse): PlatformError | undefined {
  const { rawHeaders, headers, httpVersion } = request
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  if (hosts > 1) return condemn(request, response, 'this request names two hosts')
  if (hosts === 0 && httpVersion === '1.1') return condemn(request, response, 'this request names no host')
  // Node reads 0.9's bare line, and any request that calls itself 2.0.
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return condemn(request, response, `HTTP/${httpVersion} is not supported`)
  const encoding = headers['transfer-encoding']
  if (encoding !== undefined && (encoding.toLowerCase() !== 'chunked' || httpVersion === '1.0')) {
    return condemn(request, response, 'this transfer encoding is not supported')
  }
  return request.method === 'TRACE' ? new PlatformError('method_not_allowed', 'TRACE is not supported') : undefined
}

function condemn(request: IncomingMessage, response: ServerResponse, why: string): PlatformError {
  condemned.add(request.socket)
  response.setHeader('connection', 'close')
  return new PlatformError('bad_request', why)
}

/** A switch to another protocol is passed on where nothing precedes it; other offers, HTTP/2's among them, may be ignored. */
export function mayUpgrade({ headers, socket }: IncomingMessage): boolean {
  return (
    !isAnswering(socket) &&
    headers['transfer-encoding'] === undefined &&
    (headers['content-length'] ?? '0') === '0' &&
    !/\bh2c?\b/i.test(headers.upgrade ?? '')
  )
}

/** An offer that is passed over is the last request of its connection: what follows may be of the other protocol already. */
export function passOverOffer({ headers, socket }: IncomingMessage, response: ServerResponse): void {
  if (headers.upgrade === undefined || !/\bupgrade\b/i.test(headers.connection ?? '')) return
  condemned.add(socket)
  response.shouldKeepAlive = false
}

const malformed: Record<string, [PlatformError['code'], number, string]> = {
  HPE_HEADER_OVERFLOW: ['too_large', 431, 'the headers of this request are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['timeout', 408, 'the request took too long to arrive'],
}

/** A request that came before on this connection has no whole answer yet. */
const isAnswering = (socket: Answered): boolean => (socket._httpMessage ?? null) !== null

/** As node:http marks it. */
type Answered = Socket & { _httpMessage?: { headersSent?: boolean } | null }

export function answerMalformed(error: NodeJS.ErrnoException, socket: Answered): void {
  const [code, status, message] = malformed[error.code ?? ''] ?? [
    'bad_request',
    400,
    'this request is not well-formed HTTP/1.1',
  ]
  // Something is being answered on this connection already: an answer in its midst would be taken for its body.
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) return void socket.destroy()
  answerBare(socket, status, new PlatformError(code, message))
}

/** The last answer of a connection, where there is no response to write it with. */
export function answerBare(socket: Socket, status: number, error: PlatformError): void {
  const body = bareBody(status, error)
  // Who asked may have gone; of a socket that node:http has given away nobody else hears.
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  socket.destroySoon()
}

/** With a status that no code of ours stands for. */
export function bareBody(status: number, error: PlatformError): string {
  return JSON.stringify({ ...refusalBody(error), code: status, status: STATUS_CODES[status] })
}
