import type { Socket } from 'node:net'
import type { ResponseHead } from '../upstream/response-head.ts'
import { answerHeaders } from './answer-headers.ts'
import { Exchange } from './exchange.ts'
import { Tunnel } from './tunnel.ts'

/** The caller's side of a request to switch protocols. */
export interface Upgraded {
  socket: Socket
  /** The socket is no answer's any more. Gives what came behind the request's head. */
  detach: () => Buffer
}

/** A request to switch protocols: a tunnel when the service agrees, a plain answer otherwise. */
export class UpgradeExchange extends Exchange {
  private upgraded: Upgraded | undefined

  from(upgraded: Upgraded): this {
    this.upgraded = upgraded
    this.proxy.open.add(this, this.asked)
    upgraded.socket.once('close', () => this.proxy.open.remove(this))
    return this
  }

  override revoke(): void {
    this.upgraded?.socket.destroy()
  }

  override onTunnel(head: ResponseHead, rest: Buffer): void {
    const { upgraded, connection, pool } = this
    if (upgraded === undefined || connection === undefined || pool === undefined) return super.onTunnel(head, rest)
    const protocol = head.upgrade?.toLowerCase()
    const wanted = this.upgrade
      ?.toLowerCase()
      .split(',')
      .map((one) => one.trim())
    if (protocol === undefined || wanted?.includes(protocol) !== true) return super.onTunnel(head, rest)
    this.finishAsTunnel()
    const headers = answerHeaders(head, this.passage, this.proxy.cookies)
    let text = `HTTP/1.1 101 ${head.reason}\r\nConnection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`
    for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
    text += `M3O-Served-By: ${this.servedBy}\r\ntraceparent: ${this.trace.traceparent}\r\n\r\n`
    const { socket: clientSocket } = upgraded
    const ahead = upgraded.detach()
    clientSocket.write(text, 'latin1')
    const tunnel = new Tunnel(clientSocket, connection.detach(), pool, protocol === 'websocket')
    this.released = true
    const { answered } = this
    if (answered !== undefined) clientSocket.once('close', () => pool.answering.end(answered))
    pool.leaveToTunnel()
    tunnel.begin(ahead, rest)
  }
}
