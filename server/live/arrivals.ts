import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { type ServerOptions, WebSocketServer } from 'ws'
import { type JsonBounds, requireBounded } from '#contract/bounded-json.ts'
import { maxWrite } from '#contract/live-socket.ts'

/**
 * Our clients send no pings of the protocol, and a pong for each would be kept for a client that does not read. Frames that arrive
 * together are handled one a turn: a client that sends many tiny ones does not hold up everybody else.
 */
export class FairWebSocketServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({ ...options, autoPong: false, allowSynchronousEvents: false })
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

/** Of a packet of JSON; bytes for a program's input come beside it and are not JSON. */
const packetBounds: JsonBounds = { bytes: 2 * maxWrite, depth: 12, values: 2_000 }
/** Before sign-in a client sends its handshake and little else. */
const mostUnknown = { packets: 20, bytes: 16 << 10 }
/** A terminal that is typed into, with its resizes and acknowledged batches, stays far below. */
const mostPacketsPerSecond = 2_000
const unreadable = '?'

interface Packet {
  type: string
  data?: unknown
}
/** What is used of engine.io's connection. */
interface Connection {
  on(event: 'packet', listener: (packet: Packet) => void): unknown
  readonly request: { readonly socket: Duplex }
  readonly transport: { readonly socket?: EventEmitter }
}

/**
 * Bounds what a connection may send: few packets until somebody is signed in on it, a rate after that, and JSON that can be parsed without
 * harm. A connection that sends more is cut off at once, as closing it politely would go on reading from it. JSON that is nested too
 * deep, or holds too many values, is not parsed: socket.io gets a packet that it cannot read and closes the connection.
 *
 * @param now milliseconds
 */
export function boundPackets(connection: Connection, isSignedIn: () => boolean, now = () => performance.now()): void {
  let [packets, bytes, since] = [0, 0, now()]
  /** False when the connection was cut off. */
  const count = (size: number): boolean => {
    packets += 1
    bytes += size
    if (!isSignedIn()) {
      if (packets <= mostUnknown.packets && bytes <= mostUnknown.bytes) return true
    } else {
      if (now() - since >= 1_000) [packets, since] = [1, now()]
      if (packets <= mostPacketsPerSecond) return true
    }
    connection.request.socket.destroy()
    return false
  }
  // Frames that socket.io does not hear of.
  for (const frame of ['ping', 'pong']) connection.transport.socket?.on(frame, () => count(0))
  connection.on('packet', (packet) => {
    const { data } = packet
    if (!count(sizeOf(data))) {
      packet.data = unreadable
      return
    }
    if (packet.type !== 'message' || typeof data !== 'string') return
    try {
      requireBounded(Buffer.from(data), packetBounds)
    } catch {
      packet.data = unreadable
    }
  })
}

const sizeOf = (data: unknown): number =>
  typeof data === 'string' ? data.length : data instanceof Uint8Array ? data.byteLength : 0
