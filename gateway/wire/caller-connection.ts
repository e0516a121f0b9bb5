import type { Socket } from 'node:net'
import type { Upgraded } from '../proxy/upgrade-exchange.ts'
import type { CallServer } from './call-server.ts'
import { HeadReader } from './head-reader.ts'
import { WireRequest } from './wire-request.ts'
import { WireResponse } from './wire-response.ts'

/** Bytes of requests that are not their turn yet; beyond it the caller waits. */
const mostAhead = 64 << 10

/**
 * One caller's connection: plain requests, one after the other, each begun when the one before is answered. The first one that
 * is not plain goes to node:http as it is, and with it the connection.
 */
export class CallerConnection {
  readonly socket: Socket
  /** Since when it waits for a request, or for its other end to close. */
  since = performance.now()
  /** It was used; a first request has less time to come. */
  used = false
  private readonly server: CallServer
  private readonly heads = new HeadReader()
  private request: WireRequest | undefined
  private response: WireResponse | undefined
  /** What came and was not read yet. */
  private ahead: Buffer | undefined
  private advancing = false
  private paused = false
  private over = false

  constructor(server: CallServer, socket: Socket) {
    this.server = server
    this.socket = socket
    socket
      .on('data', this.onData)
      .on('end', this.onEnd)
      .on('drain', this.onDrain)
      .on('error', this.onError)
      .on('close', this.onClose)
  }

  /** Nothing is asked or answered on it. */
  get isIdle(): boolean {
    return this.request === undefined
  }

  get isOver(): boolean {
    return this.over
  }

  /** The server takes no more. */
  get isEnding(): boolean {
    return !this.server.listening
  }

  get keptAlive(): string {
    return this.server.keptAlive
  }

  /** It has said nothing for a while: what it said last need not be known any more. */
  rest(): void {
    this.heads.forget()
  }

  isAnswering(response: WireResponse): boolean {
    return this.response === response
  }

  /** A body is wanted: what there is of it at once, so that it leaves together with its head. */
  flow(request: WireRequest): void {
    if (this.request !== request) return
    if (this.ahead !== undefined) this.skip(request.take(this.ahead))
    this.settle()
    this.advance()
  }

  answered(response: WireResponse): void {
    if (this.response !== response) return
    this.settle()
    this.advance()
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.over) return
    this.ahead = this.ahead === undefined ? chunk : Buffer.concat([this.ahead, chunk])
    this.advance()
  }

  /** Reads what has come, as far as it may be read by now. */
  private advance(): void {
    if (this.advancing) return
    this.advancing = true
    while (this.ahead !== undefined && !this.over) {
      const { request } = this
      if (request === undefined) {
        if (!this.begin(this.ahead)) break
      } else if (!request.complete && request.flowing) {
        this.skip(request.take(this.ahead))
        this.settle()
      } else break
    }
    this.advancing = false
    if (!this.over) this.hold()
  }

  /** False when it is not for us to read. */
  private begin(bytes: Buffer): boolean {
    const head = this.heads.read(bytes)
    if (head === undefined) {
      this.handOver()
      return false
    }
    this.skip(head.end)
    this.used = true
    const request = new WireRequest(this, head)
    const response = new WireResponse(this, { toHead: head.method === 'HEAD', close: head.close })
    this.request = request
    this.response = response
    if (head.upgrade === undefined) this.server.handle(request, response, undefined)
    else
      this.server.turns.take(() => {
        if (!this.over) this.server.handle(request, response, this.upgraded())
      })
    return true
  }

  private skip(size: number): void {
    const { ahead } = this
    if (ahead !== undefined) this.ahead = size === ahead.length ? undefined : ahead.subarray(size)
  }

  /** Once a request has come as a whole and its answer gone, another may follow. */
  private settle(): void {
    const { request, response } = this
    if (request === undefined || response?.writableEnded !== true) return
    if (response.close) return this.finish()
    if (!request.complete) return
    this.request = undefined
    this.response = undefined
    this.since = performance.now()
  }

  /** Keeps a caller waiting that sends faster than it is answered, or than its body is taken. */
  private hold(): void {
    const { request, ahead } = this
    const full = ahead !== undefined && (ahead.length >= mostAhead || (request !== undefined && !request.complete))
    const stalled = request !== undefined && !request.complete && !request.flowing
    if ((full || stalled) === this.paused) return
    this.paused = !this.paused
    if (this.paused) this.socket.pause()
    else this.socket.resume()
  }

  /** No more requests: what is said is sent, and what still comes is let come, so that it is not answered by a reset. */
  private finish(): void {
    this.over = true
    this.request?.gone()
    this.request = undefined
    this.response = undefined
    this.ahead = undefined
    this.since = performance.now()
    this.socket.end()
    this.socket.resume()
  }

  private handOver(): void {
    const ahead = this.leave()
    this.socket.pause().unshift(ahead)
    this.server.passOn(this.socket)
  }

  private upgraded(): Upgraded {
    return { socket: this.socket, detach: () => this.leave() ?? Buffer.alloc(0) }
  }

  /** The socket is somebody else's from here on; gives what came and was not read. */
  private leave(): Buffer | undefined {
    const { socket, ahead } = this
    this.over = true
    this.server.forget(this)
    socket
      .off('data', this.onData)
      .off('end', this.onEnd)
      .off('drain', this.onDrain)
      .off('error', this.onError)
      .off('close', this.onClose)
    this.request = undefined
    this.response = undefined
    this.ahead = undefined
    return ahead
  }

  /** A caller that says no more is taken to be gone, as by node:http, nginx and Caddy: most that leave say no more than that. */
  private readonly onEnd = (): void => {
    if (this.request === undefined) this.socket.end()
    else this.socket.destroy()
  }

  private readonly onDrain = (): void => this.response?.drain()

  private readonly onError = (): void => void this.socket.destroy()

  private readonly onClose = (): void => {
    this.server.forget(this)
    const { request, response } = this
    this.over = true
    this.request = undefined
    this.response = undefined
    response?.gone()
    request?.gone()
  }
}
