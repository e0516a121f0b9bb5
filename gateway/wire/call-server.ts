import type { ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import { PlatformError } from '#contract/errors.ts'
import { Server } from '#contract/node-http.ts'
import type { CallRequest, CallResponse } from '../call.ts'
import { answerBare } from '../framing.ts'
import type { Upgraded } from '../proxy/upgrade-exchange.ts'
import { Turns } from '../turns.ts'
import { CallerConnection } from './caller-connection.ts'

/** After which it is forgotten what a quiet connection said. */
const restMs = 2000
/** For what still comes on a connection that has ended. */
const lingerMs = 10_000

const noHarm = (): void => {}

/** @param upgraded of a request to switch protocols */
export type Handle = (request: CallRequest, response: CallResponse, upgraded: Upgraded | undefined) => void

/** A server of node:http before which plain requests are read by us. */
export class CallServer extends Server {
  readonly handle: Handle
  /**
   * Only one that was not used for so long is idle. What is asked at the moment at which its connection is closed is lost; one that is used is
   * ended by its next answer, which says so.
   */
  unusedMs = 0
  /** The end of a head, as node:http says it. */
  readonly keptAlive: string
  private readonly toNode: (socket: Socket) => void
  private readonly open = new Set<CallerConnection>()
  /** Those that node:http is still to be given. */
  private readonly waiting = new Set<Socket>()
  /**
   * To read with node:http's parser, and to switch protocols, takes many times as long as a plain request, so that thousands who come
   * at once would make all others wait.
   */
  readonly turns = new Turns()
  private readonly sweeper: NodeJS.Timeout

  constructor(options: ServerOptions, handle: Handle) {
    super(options)
    this.handle = handle
    this.keptAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(this.keepAliveTimeout / 1000)}\r\n\r\n`
    const [toNode] = this.listeners('connection')
    this.toNode = toNode as (socket: Socket) => void
    this.removeAllListeners('connection')
    this.on('connection', (socket: Socket) => this.open.add(new CallerConnection(this, socket)))
    this.sweeper = setInterval(() => this.sweep(performance.now()), options.connectionsCheckingInterval).unref()
    this.once('close', () => clearInterval(this.sweeper))
  }

  /** Somebody's connection is node:http's from here on. */
  passOn(socket: Socket): void {
    socket.pause().on('error', noHarm)
    this.waiting.add(socket)
    this.turns.take(() => {
      this.waiting.delete(socket)
      if (socket.destroyed) return
      socket.off('error', noHarm)
      this.toNode.call(this, socket)
      socket.resume()
    })
  }

  forget(connection: CallerConnection): void {
    this.open.delete(connection)
  }

  override closeIdleConnections(): void {
    super.closeIdleConnections()
    const now = performance.now()
    for (const { isIdle, since, socket } of this.open) if (isIdle && now - since >= this.unusedMs) socket.destroySoon()
  }

  override closeAllConnections(): void {
    super.closeAllConnections()
    for (const connection of this.open) connection.socket.destroy()
    for (const socket of this.waiting) socket.destroy()
  }

  private sweep(now: number): void {
    for (const connection of this.open) {
      const { socket, isIdle, isOver, used, since } = connection
      if (!isIdle) continue
      const age = now - since
      if (age >= restMs) connection.rest()
      if (isOver) {
        if (age >= lingerMs) socket.destroy()
      } else if (!used) {
        if (age >= this.headersTimeout)
          answerBare(socket, 408, new PlatformError('timeout', 'the request took too long to arrive'))
      } else if (age >= this.keepAliveTimeout) socket.destroySoon()
    }
  }
}
