import { MalformedResponse, parseField, parseHead, type ResponseHead } from './response-head.ts'

export interface ResponseHandler {
  onInformational(head: ResponseHead): void
  onHead(head: ResponseHead): void
  /** `last` when this completes the body; then onEnd follows at once. */
  onData(chunk: Buffer, last: boolean): void
  onEnd(trailers: string[]): void
  /** After 101: all further bytes are the tunnel's. */
  onTunnel(head: ResponseHead, rest: Buffer): void
}

const maxHead = 64 << 10
const maxLine = 16 << 10
/** A longer head is not remembered. */
const mostKept = 4 << 10
const headEnd = Buffer.from('\r\n\r\n')
const chunkSize = /^([0-9A-Fa-f]{1,13})[\t ]*(?:;[^\0\r\n]*)?$/

type State = 'idle' | 'head' | 'length' | 'close' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'tunnel'

/**
 * Reads the responses of one HTTP/1.1 connection (RFC 9112), strictly: what is not well-formed is an error, never a
 * guess, because a guess that differs from the next reader's is how messages are smuggled. Callbacks on one object and
 * no allocation per header line beyond its two strings keep it several times faster than a general client.
 */
export class ResponseReader {
  private state: State = 'idle'
  private handler: ResponseHandler | undefined
  private toHead = false
  private pending: Buffer | undefined
  private line = ''
  private left = 0
  private trailers: string[] = []
  /** What says the same as the head before it needs no second look. */
  private last: ResponseHead | undefined
  private lastToHead = false

  /** Expects one response, to a HEAD request or another. */
  begin(handler: ResponseHandler, toHead: boolean): void {
    this.handler = handler
    this.toHead = toHead
    this.state = 'head'
  }

  get idle(): boolean {
    return this.state === 'idle'
  }

  /** Throws {@link MalformedResponse}. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      switch (this.state) {
        case 'head':
          at = this.readHead(chunk, at)
          break
        case 'length':
          at = this.readLength(chunk, at)
          break
        case 'close':
          this.handler?.onData(chunk.subarray(at), false)
          return
        case 'size':
        case 'chunk-end':
        case 'trailers':
          at = this.readLine(chunk, at)
          break
        case 'chunk':
          at = this.readChunk(chunk, at)
          break
        case 'idle':
          throw new MalformedResponse('bytes without a request')
        case 'tunnel':
          return
      }
    }
  }

  /** The connection ended. True when that ended a response properly. */
  end(): boolean {
    if (this.state !== 'close') return false
    this.finish()
    return true
  }

  private finish(): void {
    const handler = this.handler
    const trailers = this.trailers
    this.state = 'idle'
    this.handler = undefined
    if (trailers.length > 0) this.trailers = []
    handler?.onEnd(trailers)
  }

  private readHead(chunk: Buffer, at: number): number {
    let bytes = at === 0 ? chunk : chunk.subarray(at)
    let before = 0
    if (this.pending !== undefined) {
      before = this.pending.length
      bytes = Buffer.concat([this.pending, bytes])
    }
    const end = bytes.indexOf(headEnd, Math.max(0, before - 3))
    if (end < 0) {
      if (bytes.length > maxHead) throw new MalformedResponse('response headers that are too large')
      this.pending = bytes
      return chunk.length
    }
    if (end > maxHead) throw new MalformedResponse('response headers that are too large')
    this.pending = undefined
    const head = this.parse(bytes.toString('latin1', 0, end))
    const next = at + end + 4 - before
    if (head.status === 101) {
      this.state = 'tunnel'
      this.handler?.onTunnel(head, chunk.subarray(next))
      return chunk.length
    }
    if (head.status < 200) {
      this.handler?.onInformational(head)
      return next
    }
    this.state = head.length === -1 ? 'size' : head.length === -2 ? 'close' : 'length'
    this.left = head.length
    this.handler?.onHead(head)
    if (head.length === 0) this.finish()
    return next
  }

  private parse(text: string): ResponseHead {
    const { last } = this
    if (last?.text === text && this.lastToHead === this.toHead) {
      last.repeated = true
      return last
    }
    const head = parseHead(text, this.toHead)
    this.last = text.length <= mostKept ? head : undefined
    this.lastToHead = this.toHead
    return head
  }

  private readLength(chunk: Buffer, at: number): number {
    const size = Math.min(this.left, chunk.length - at)
    this.left -= size
    const last = this.left === 0
    this.handler?.onData(chunk.subarray(at, at + size), last)
    if (last) this.finish()
    return at + size
  }

  private readChunk(chunk: Buffer, at: number): number {
    const size = Math.min(this.left, chunk.length - at)
    this.left -= size
    if (this.left === 0) this.state = 'chunk-end'
    this.handler?.onData(chunk.subarray(at, at + size), false)
    return at + size
  }

  private readLine(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(10, at)
    const text = chunk.toString('latin1', at, end < 0 ? chunk.length : end)
    this.line += text
    if (this.line.length > maxLine) throw new MalformedResponse('a line that is too long')
    if (end < 0) return chunk.length
    if (!this.line.endsWith('\r')) throw new MalformedResponse('a line that ends without a carriage return')
    const line = this.line.slice(0, -1)
    this.line = ''
    this.takeLine(line)
    return end + 1
  }

  private takeLine(line: string): void {
    if (this.state === 'chunk-end') {
      if (line !== '') throw new MalformedResponse('a chunk that is longer than it says')
      this.state = 'size'
    } else if (this.state === 'size') {
      const size = chunkSize.exec(line)?.[1]
      if (size === undefined) throw new MalformedResponse('a chunk without a size')
      this.left = Number.parseInt(size, 16)
      this.state = this.left === 0 ? 'trailers' : 'chunk'
    } else if (line === '') {
      this.finish()
    } else {
      const [name, value] = parseField(line)
      this.trailers.push(name, value)
      if (this.trailers.length > 200) throw new MalformedResponse('too many trailers')
    }
  }
}
