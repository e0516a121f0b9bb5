import { connect, type Socket } from 'node:net'
import { laptopReady } from '#contract/laptop-sockets.ts'
import { socketAddress } from '#contract/unix-socket.ts'
import { holdBack } from '../wire/write-together.ts'
import { type ResponseHandler, ResponseReader } from './response-reader.ts'

export interface ExchangeHandler extends ResponseHandler {
  /** The connection stands: the request may be written. */
  onReady(): void
  /** All that had arrived was handed on; more may take long. */
  onQuiet(): void
  onDrain(): void
  onFailure(failure: Failure): void
}

export interface Failure {
  error: Error
  /** No byte of the request was accepted by the system, so none can have reached the service. */
  unsent: boolean
  /** A byte of the response has arrived. */
  answered: boolean
}

const connectMs = 5000

/** One connection to an instance: a request at a time. */
export class Connection {
  readonly socket: Socket
  idleSince = 0
  exchanges = 0
  onIdleEnd: (() => void) | undefined
  private readonly reader = new ResponseReader()
  private handler: ExchangeHandler | undefined
  private answered = false
  private writes = 0
  private connected = false
  private patience: NodeJS.Timeout | undefined

  /** @param to `socket`, of a laptop, is connected once it says so: its other end may be far from there */
  constructor({ address, port, socket }: { address: string; port: number; socket?: string | undefined }) {
    // Half-open: a tunnel's other direction outlives the first to end.
    this.socket = connect(
      socket === undefined
        ? { host: address, port, noDelay: true, allowHalfOpen: true }
        : { path: socketAddress(socket), allowHalfOpen: true },
    )
    this.patience = setTimeout(() => this.socket.destroy(new Error('connecting took too long')), connectMs)
    const ready = () => {
      this.stopWaiting()
      this.connected = true
      this.socket.on('data', this.onData)
      this.handler?.onReady()
    }
    if (socket === undefined) this.socket.once('connect', ready)
    else {
      this.socket.once('data', (first: Buffer) => {
        if (first[0] !== laptopReady) return this.socket.destroy(new Error('this is not a laptop'))
        ready()
        if (first.length > 1) this.onData(first.subarray(1))
      })
    }
    this.socket.on('drain', this.onDrain)
    this.socket.on('end', this.onEnd)
    this.socket.on('error', this.onError)
    this.socket.on('close', this.onClose)
  }

  get reused(): boolean {
    return this.exchanges > 1
  }

  get usable(): boolean {
    return !this.socket.destroyed && this.socket.readable && this.socket.writable
  }

  begin(handler: ExchangeHandler, toHead: boolean): void {
    this.handler = handler
    this.exchanges++
    this.answered = false
    this.writes = 0
    this.reader.begin(handler, toHead)
    if (this.connected) handler.onReady()
  }

  write(data: Buffer | string): boolean {
    this.writes++
    holdBack(this.socket)
    return typeof data === 'string' ? this.socket.write(data, 'latin1') : this.socket.write(data)
  }

  /** The exchange is over; true when another may follow on this connection. */
  release(): boolean {
    this.handler = undefined
    return this.reader.idle && this.usable
  }

  /** Gives the socket away, to a tunnel, which hears its errors from then on. */
  detach(): Socket {
    this.handler = undefined
    this.socket
      .off('data', this.onData)
      .off('drain', this.onDrain)
      .off('end', this.onEnd)
      .off('error', this.onError)
      .off('close', this.onClose)
    return this.socket
  }

  destroy(): void {
    this.handler = undefined
    this.socket.destroy()
  }

  private readonly onData = (chunk: Buffer): void => {
    const handler = this.handler
    if (handler === undefined) {
      // Nothing was asked: a service that speaks unasked would answer somebody else's request.
      this.socket.destroy()
      return
    }
    this.answered = true
    try {
      this.reader.push(chunk)
    } catch (error) {
      return this.fail(error as Error)
    }
    if (this.handler === handler) handler.onQuiet()
  }

  private readonly onDrain = (): void => this.handler?.onDrain()

  private readonly onEnd = (): void => {
    if (this.reader.end()) this.socket.destroy()
    else this.fail(new Error('the service closed the connection'))
  }

  private readonly onError = (error: Error): void => this.fail(error)

  private readonly onClose = (): void => {
    this.stopWaiting()
    if (this.handler === undefined) this.onIdleEnd?.()
    else this.fail(new Error('the connection to the service was closed'))
  }

  private stopWaiting(): void {
    clearTimeout(this.patience)
    this.patience = undefined
  }

  private fail(error: Error): void {
    const handler = this.handler
    this.handler = undefined
    this.socket.destroy()
    const failedWrite = (error as NodeJS.ErrnoException).syscall === 'write' && this.writes <= 1
    handler?.onFailure({ error, unsent: !this.connected || this.writes === 0 || failedWrite, answered: this.answered })
  }
}
