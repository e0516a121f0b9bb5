import type { Duplex } from 'node:stream'
import { type ServerOptions, WebSocketServer } from 'ws'
import { type JsonBounds, requireBounded } from '#contract/bounded-json.ts'
import { maxWrite } from '#contract/live-socket.ts'

/** Clients of ours send no pings of the protocol; an answer to each would be kept for one that does not read. */
export class WithoutPongs extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({ ...options, autoPong: false })
  }
}

const mostOfNetwork = 50
const mostOfAll = 500

/** Sockets that nobody is signed in on yet: only a limited number, so that they cost those who are signed in nothing. */
export class Arrivals {
  readonly #waiting = new Map<Duplex, string>()

  /** False when there are too many; else it counts until it is signed in, or closed. */
  mayCome(socket: Duplex, network: string): boolean {
    if (
      this.#waiting.size >= mostOfAll ||
      [...this.#waiting.values()].filter((one) => one === network).length >= mostOfNetwork
    )
      return false
    this.#waiting.set(socket, network)
    socket.once('close', () => this.#waiting.delete(socket))
    return true
  }

  signedIn(socket: Duplex): void {
    this.#waiting.delete(socket)
  }
}

/** Of what a client says; bytes that a program is written come beside it, and are not JSON. */
const packetBounds: JsonBounds = { bytes: 2 * maxWrite, depth: 12, values: 2_000 }

interface Packet {
  type: string
  data?: unknown
}
interface Connection {
  on(event: 'packet', listener: (packet: Packet) => void): unknown
}

/** What is nested too deep, or holds too many values, is not parsed: socket.io gets what it cannot read, and closes the connection. */
export function boundPackets(connection: Connection): void {
  connection.on('packet', (packet) => {
    if (packet.type !== 'message' || typeof packet.data !== 'string') return
    try {
      requireBounded(Buffer.from(packet.data), packetBounds)
    } catch {
      packet.data = unreadable
    }
  })
}

const unreadable = '?'
