import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { CallHeaders, CallRequest } from '../call.ts'
import type { CallerConnection } from './caller-connection.ts'
import type { Head } from './head.ts'

const none: readonly string[] = []

/** A request whose head was read here; its body follows when somebody wants it. */
export class WireRequest implements CallRequest {
  readonly method: string
  readonly url: string
  readonly httpVersion = '1.1'
  readonly headers: CallHeaders
  readonly rawHeaders: readonly string[]
  readonly rawTrailers = none
  readonly close: boolean
  readonly likeness: object | undefined
  flowing = false
  private left: number
  private readonly connection: CallerConnection
  private events: EventEmitter | undefined

  constructor(connection: CallerConnection, head: Head) {
    const { method, url, headers, rawHeaders, length, close } = head
    this.connection = connection
    this.method = method
    this.url = url
    this.headers = headers
    this.rawHeaders = rawHeaders
    this.left = length
    this.close = close
    this.likeness = head.repeated ? head : undefined
  }

  get complete(): boolean {
    return this.left === 0
  }

  get socket(): Socket {
    return this.connection.socket
  }

  on(event: 'data' | 'end', listener: (chunk: Buffer) => void): void {
    ;(this.events ??= new EventEmitter()).on(event, listener)
  }

  once(event: 'end' | 'close', listener: () => void): void {
    ;(this.events ??= new EventEmitter()).once(event, listener)
  }

  pause(): void {
    this.flowing = false
  }

  resume(): void {
    if (this.flowing) return
    this.flowing = true
    if (!this.complete) this.connection.flow(this)
  }

  /** Takes its body from the bytes, and says how many of them are. */
  take(bytes: Buffer): number {
    const size = Math.min(this.left, bytes.length)
    this.left -= size
    this.events?.emit('data', size === bytes.length ? bytes : bytes.subarray(0, size))
    if (this.left === 0) this.events?.emit('end')
    return size
  }

  /** Its connection has ended. */
  gone(): void {
    this.events?.emit('close')
  }
}
