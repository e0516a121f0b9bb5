import { Duplex } from 'node:stream'
import { maxFrameData, TunnelFault, tunnelFrame, windowBytes } from './tunnel-frames.ts'

export interface StreamEnds {
  send: (kind: number, payload?: Buffer) => void
  /** The connection takes more at the moment. */
  mayBeSent: () => boolean
  /** Other streams of the tunnel have something to send. */
  othersWait: () => boolean
  /** By how much what lies unread has changed; false when it would be too much. */
  unread: (change: number) => boolean
  /** `sendOne` is called when it is this stream's turn. */
  waitForTurn: () => void
  gone: () => void
}

/** One stream of a tunnel (tunnel-frames.ts), for either side like a socket that may be half open. */
export class TunnelStream extends Duplex {
  readonly #ends: StreamEnds
  #credit = windowBytes
  #received = 0
  #credited = 0
  /** What lies unread, as the tunnel knows it. */
  #unread = 0
  #sentEnd = false
  #gotEnd = false
  #accepted = false
  #writing: { data: Buffer; done: (error?: Error | null) => void } | undefined

  constructor(ends: StreamEnds) {
    super({ allowHalfOpen: true, readableHighWaterMark: windowBytes / 4, writableHighWaterMark: windowBytes / 4 })
    this.#ends = ends
  }

  /** What it leads to is there. */
  get isAccepted(): boolean {
    return this.#accepted
  }

  /** Of a stream that the peer opened: says that what it leads to is there. */
  accept(): void {
    if (this.#accepted || this.destroyed) return
    this.#accepted = true
    this.#ends.send(tunnelFrame.accept)
  }

  /** @event accept */
  onAccept(): void {
    if (this.#accepted) return
    this.#accepted = true
    this.emit('accept')
  }

  onData(payload: Buffer): void {
    if (this.#gotEnd) throw new TunnelFault('data after the end')
    this.#received += payload.length
    if (this.#received - this.#credited > windowBytes) throw new TunnelFault('more data than was asked for')
    if (!this.#countUnread(payload.length)) return void this.destroy(new Error('too much of the tunnel is unread'))
    this.push(payload)
    this.#countUnread()
  }

  #countUnread(more = 0): boolean {
    const now = this.destroyed ? 0 : this.readableLength + more
    const isKept = this.#ends.unread(now - this.#unread)
    this.#unread = now
    return isKept
  }

  onCredit(bytes: number): void {
    this.#credit += bytes
    if (this.#credit > windowBytes) throw new TunnelFault('credit for what was never sent')
    this.sendOne()
  }

  onEnd(): void {
    if (this.#gotEnd) throw new TunnelFault('a second end')
    this.#gotEnd = true
    this.push(null)
  }

  onReset(): void {
    this.#sentEnd = this.#gotEnd = true // nothing needs to be said about it any more
    this.destroy(Object.assign(new Error('the other side ended the stream'), { code: 'ECONNRESET' }))
  }

  /** Sends some of what is to be written: all that may be while no other stream waits for its turn, else one frame. */
  sendOne(): void {
    const writing = this.#writing
    if (writing === undefined) return
    for (let first = true; writing.data.length > 0; first = false) {
      if (this.#credit === 0) return
      if (!this.#ends.mayBeSent() || (!first && this.#ends.othersWait())) return this.#ends.waitForTurn()
      const piece = writing.data.subarray(0, Math.min(maxFrameData, this.#credit))
      writing.data = writing.data.subarray(piece.length)
      this.#credit -= piece.length
      this.#ends.send(tunnelFrame.data, piece)
    }
    this.#writing = undefined
    writing.done()
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (data.length === 0) return done()
    this.#writing = { data, done }
    this.sendOne()
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, done)
  }

  override _final(done: () => void): void {
    this.#sentEnd = true
    this.#ends.send(tunnelFrame.end)
    done()
  }

  /** Whatever is taken out of the buffer is taken by this; `_read` is called less often. */
  override read(size?: number): unknown {
    const taken: unknown = super.read(size)
    this.#countUnread()
    return taken
  }

  /** Called when the reader has room again: what it took may be sent anew. */
  override _read(): void {
    const taken = this.#received - this.readableLength - this.#credited
    if (taken < windowBytes / 4 || this.#gotEnd) return
    this.#credited += taken
    const payload = Buffer.allocUnsafe(4)
    payload.writeUInt32BE(taken)
    this.#ends.send(tunnelFrame.credit, payload)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#ends.unread(-this.#unread)
    this.#unread = 0
    if (!this.#sentEnd || !this.#gotEnd) this.#ends.send(tunnelFrame.reset)
    this.#ends.gone()
    const { done: write } = this.#writing ?? {}
    this.#writing = undefined
    write?.(error ?? new Error('the stream was destroyed'))
    done(error)
  }
}
