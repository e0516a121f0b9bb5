import type { CallRequest } from '../call.ts'
import type { Connection } from '../upstream/connection.ts'
import { requestTrailers } from './trailers.ts'

const keptBytes = 64 << 10

/** A request's body on its way to a service, as fast as the service reads; its beginning is kept while it may be needed again. */
export class RequestBody {
  readonly chunked: boolean
  done = false
  /** All that was read so far can be sent again. */
  replayable = true
  private readonly request: CallRequest
  private connection: Connection | undefined
  private kept: Buffer[] = []
  private keptSize = 0
  private listening = false

  constructor(request: CallRequest, chunked: boolean) {
    this.request = request
    this.chunked = chunked
  }

  sendTo(connection: Connection, head: string): void {
    this.connection = connection
    // Head and a small body leave as one packet.
    connection.socket.cork()
    connection.write(head)
    for (const chunk of this.kept) this.write(chunk)
    if (this.done) this.finish()
    if (!this.listening) {
      this.listening = true
      this.request.on('data', this.onData)
      this.request.on('end', this.onEnd)
    }
    if (!this.done) this.request.resume()
    if (this.done) connection.socket.uncork()
    else setImmediate(() => connection.socket.uncork())
  }

  resume(): void {
    if (this.connection !== undefined) this.request.resume()
  }

  /** The connection takes no more; what is left waits for another, or for nobody. */
  detach(): void {
    this.connection = undefined
    this.request.pause()
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.replayable) {
      this.keptSize += chunk.length
      if (this.keptSize <= keptBytes) {
        this.kept.push(chunk)
      } else {
        this.replayable = false
        this.kept = []
      }
    }
    if (this.connection !== undefined && !this.write(chunk)) this.request.pause()
  }

  private readonly onEnd = (): void => {
    this.done = true
    this.finish()
  }

  private finish(): void {
    if (this.chunked) this.connection?.write(`0\r\n${requestTrailers(this.request.rawTrailers)}\r\n`)
  }

  private write(chunk: Buffer): boolean {
    const { connection } = this
    if (connection === undefined) return false
    if (!this.chunked) return connection.write(chunk)
    connection.write(`${chunk.length.toString(16)}\r\n`)
    connection.write(chunk)
    return connection.write('\r\n')
  }
}

const lingerMs = 10_000

/** The client is let send the rest, for a while, so that it reads the answer instead of a reset. */
export function linger(request: CallRequest): void {
  request.resume()
  const timer = setTimeout(() => request.socket.destroy(), lingerMs)
  for (const event of ['close', 'end'] as const) request.once(event, () => clearTimeout(timer))
}
