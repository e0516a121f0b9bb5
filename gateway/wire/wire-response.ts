import type { Socket } from 'node:net'
import { STATUS_CODES } from '#contract/node-http.ts'
import type { CallResponse } from '../call.ts'
import type { CallerConnection } from './caller-connection.ts'
import { type HeadText, headText } from './head-text.ts'
import { httpDate } from './http-date.ts'
import { holdBack } from './write-together.ts'

/** So much leaves in one piece with what frames it. */
const smallPart = 16 << 10
const closeEnd = 'Connection: close\r\n\r\n'

/** An answer on a connection that is read here: to HTTP/1.1, in its turn, with one write where one is enough. */
export class WireResponse implements CallResponse {
  headersSent = false
  writableEnded = false
  /** The connection ends with this answer. */
  close: boolean
  private readonly connection: CallerConnection
  private readonly toHead: boolean
  /** Until the first bytes of the body, or their absence, go with it. */
  private head = ''
  private chunked = false
  private bodiless = false
  private trailers = ''
  private closed: (() => void) | undefined
  private drained: (() => void) | undefined

  constructor(connection: CallerConnection, { toHead, close }: { toHead: boolean; close: boolean }) {
    this.connection = connection
    this.toHead = toHead
    this.close = close
  }

  get socket(): Socket | null {
    return this.connection.isAnswering(this) ? this.connection.socket : null
  }

  get destroyed(): boolean {
    return this.writableEnded ? this.socket === null : this.connection.socket.destroyed
  }

  writeHead(status: number, headers: Record<string, string | number>): this
  writeHead(status: number, reason: string, headers: string[]): this
  writeHead(status: number, second: string | Record<string, string | number>, third?: string[]): this {
    const reason = typeof second === 'string' ? second : (STATUS_CODES[status] ?? '')
    this.begin(headText(status, reason, third ?? Object.entries(second).flat()), '')
    return this
  }

  sayHead(head: HeadText, traceparent: string): void {
    this.begin(head, `traceparent: ${traceparent}\r\n`)
  }

  private begin({ status, lines, framed, dated, closes }: HeadText, more: string): void {
    this.close ||= closes || this.connection.isEnding
    this.bodiless = this.toHead || status === 204 || status === 304
    this.chunked = !framed && !this.bodiless
    const date = dated ? '' : `Date: ${httpDate()}\r\n`
    const chunks = this.chunked ? 'Transfer-Encoding: chunked\r\n' : ''
    this.head = `${lines}${more}${date}${chunks}${this.close ? closeEnd : this.connection.keptAlive}`
    this.headersSent = true
  }

  /** Nothing that expects it is read here. */
  writeContinue(): void {}

  addTrailers(trailers: [string, string][]): void {
    for (const [name, value] of trailers) this.trailers += `${name}: ${value}\r\n`
  }

  flushHeaders(): void {
    const { socket, head } = this
    this.head = ''
    if (head !== '') socket?.write(head, 'latin1')
  }

  write(chunk: Buffer): boolean {
    const { socket } = this
    // A chunk of no size would be the last one.
    if (socket === null || this.bodiless || chunk.length === 0) return true
    const before = this.chunked ? `${this.head}${chunk.length.toString(16)}\r\n` : this.head
    const after = this.chunked ? '\r\n' : ''
    this.head = ''
    if (before === '') return socket.write(chunk)
    if (chunk.length <= smallPart) return socket.write(before + chunk.toString('latin1') + after, 'latin1')
    socket.cork()
    socket.write(before, 'latin1')
    let more = socket.write(chunk)
    if (after !== '') more = socket.write(after, 'latin1')
    socket.uncork()
    return more
  }

  end(chunk?: Buffer | string, encoding: 'utf8' | 'latin1' = 'utf8'): void {
    if (this.writableEnded) return
    const { socket } = this
    if (socket !== null) {
      holdBack(socket)
      this.writeLast(socket, chunk, encoding)
    }
    this.writableEnded = true
    this.connection.answered(this)
  }

  private writeLast(socket: Socket, chunk: Buffer | string | undefined, encoding: 'utf8' | 'latin1'): void {
    if (chunk === undefined || chunk.length === 0 || this.bodiless) {
      const last = this.chunked ? `${this.head}0\r\n${this.trailers}\r\n` : this.head
      if (last !== '') socket.write(last, 'latin1')
    } else if (typeof chunk === 'string' && encoding === 'latin1' && !this.chunked) {
      socket.write(this.head + chunk, 'latin1')
    } else {
      socket.cork()
      this.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
      if (this.chunked) socket.write(`0\r\n${this.trailers}\r\n`, 'latin1')
      socket.uncork()
    }
    this.head = ''
  }

  destroy(): void {
    this.socket?.destroy()
  }

  on(_event: 'close', listener: () => void): void {
    this.closed = listener
  }

  off(_event: 'close', listener: () => void): void {
    if (this.closed === listener) this.closed = undefined
  }

  once(_event: 'drain', listener: () => void): void {
    this.drained = listener
  }

  /** The caller takes more. */
  drain(): void {
    const { drained } = this
    this.drained = undefined
    drained?.()
  }

  /** The caller has gone before all of it was said. */
  gone(): void {
    this.closed?.()
  }
}
