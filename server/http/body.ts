import type { IncomingMessage } from 'node:http'
import { spokenBytes } from '#contract/bounded-json.ts'
import { PlatformError } from '#contract/errors.ts'

export interface BodyLimits {
  bytes: number
  /** Until all of it is there. */
  withinMs: number
}

/**
 * A body that is kept in memory. One that says that it is larger is refused before any of it is read, one that comes too
 * slowly when its time is over; what remains is never read, so the connection is to be closed.
 * @throws PlatformError `too_large`, `timeout`, `bad_request` (compressed), `cancelled`
 */
export function readBody(request: IncomingMessage, { bytes, withinMs }: BodyLimits): Promise<Buffer> {
  const tooLarge = () =>
    new PlatformError('too_large', `the body is larger than ${spokenBytes(bytes)}`, {
      fix: 'Send less data in one request.',
      data: { maxBytes: bytes },
    })
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding.toLowerCase() !== 'identity')
    return Promise.reject(
      new PlatformError('bad_request', 'compressed request bodies are not accepted', {
        fix: 'Send it without Content-Encoding.',
      }),
    )
  const declared = declaredBytes(request)
  if (declared !== Infinity && declared > bytes) return Promise.reject(tooLarge())
  if (request.destroyed) return Promise.reject(new PlatformError('cancelled', 'the client disconnected'))
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    const settle = (error?: PlatformError) => {
      clearTimeout(timer)
      request.off('data', take).off('end', whole).off('error', gone).off('close', gone)
      if (error === undefined) return resolve(Buffer.concat(parts))
      request.pause()
      request.on('error', () => {})
      reject(error)
    }
    const take = (part: Buffer) => {
      size += part.length
      if (size > bytes) settle(tooLarge())
      else parts.push(part)
    }
    const whole = () => settle()
    const gone = () => settle(new PlatformError('cancelled', 'the client disconnected'))
    const timer = setTimeout(
      () =>
        settle(
          new PlatformError('timeout', `the body did not arrive within ${withinMs / 1_000} s`, {
            fix: 'Try again on a faster connection.',
          }),
        ),
      withinMs,
    )
    request.on('data', take).once('end', whole).once('error', gone).once('close', gone)
  })
}

/** Infinity when it says nothing of its length; 0 without a body. */
export function declaredBytes({ headers }: Pick<IncomingMessage, 'headers'>): number {
  if (headers['transfer-encoding'] !== undefined) return Infinity
  return Number(headers['content-length'] ?? 0)
}

const stalledMs = 60_000

/**
 * A body that is passed on as it comes may take as long as it takes, but not stand still: the connection of one of which
 * nothing came for a while, although it was waited for, is closed.
 */
export function endStalled(request: IncomingMessage, everyMs = stalledMs): void {
  if (declaredBytes(request) === 0) return
  const { socket } = request
  let seen = socket.bytesRead
  const timer = setInterval(() => {
    if (request.complete || request.destroyed) return clearInterval(timer)
    // What lies unread is ours to take.
    if (socket.bytesRead === seen && request.readableLength === 0) return void socket.destroy()
    seen = socket.bytesRead
  }, everyMs).unref()
  request.once('close', () => clearInterval(timer))
}
