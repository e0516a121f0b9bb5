import { requireBounded } from './bounded-json.ts'
import {
  frameCost,
  headBytes,
  maxMessage,
  maxStreams,
  maxUnderWay,
  maxUnread,
  maxUnsent,
  TunnelFault,
  tunnelFrame,
} from './tunnel-frames.ts'
import { TunnelStream } from './tunnel-stream.ts'

export interface TunnelEnds {
  /** The side that was connected to. */
  listened: boolean
  /** Sends one message; `sent` is called once it has left, or never will. */
  send: (message: Buffer, sent: () => void) => void
  /** The peer opened a stream; what leads nowhere is destroyed by the receiver. */
  onOpen: (stream: TunnelStream, to: string) => void
  /** The peer said something; it is hostile until parsed. */
  onMessage: (value: unknown) => void
  /** The peer does not read: the tunnel is closed, and the connection is to be. */
  onStuck?: () => void
}

/** One side of a connection that carries many streams: see tunnel-frames.ts. */
export class Tunnel {
  readonly #ends: TunnelEnds
  readonly #streams = new Map<number, TunnelStream>()
  /** Have something to send and may, but for the connection. In turn. */
  readonly #waiting = new Set<TunnelStream>()
  #lastOwn: number
  #lastPeers = 0
  #ofPeer = 0
  #own = 0
  #underWay = 0
  #unsent = 0
  #unread = 0
  #closed: Error | undefined

  constructor(ends: TunnelEnds) {
    this.#ends = ends
    this.#lastOwn = ends.listened ? 0 : -1
  }

  /** How many streams are open. */
  get size(): number {
    return this.#streams.size
  }

  /** Begins at once; `to` is for the peer to understand. */
  open(to: string): TunnelStream {
    const id = (this.#lastOwn += 2)
    const stream = this.#add(id)
    this.#own++
    if (this.#closed !== undefined) stream.destroy(this.#closed)
    else if (this.#own > maxStreams) this.#refuse(stream)
    else this.#send(tunnelFrame.open, id, Buffer.from(to))
    return stream
  }

  /** Nothing is said of one that the peer never heard of. */
  #refuse(stream: TunnelStream): void {
    stream.onReset()
  }

  say(value: unknown): void {
    this.#send(tunnelFrame.message, 0, Buffer.from(JSON.stringify(value)))
  }

  /** Takes one message. @throws TunnelFault */
  receive(message: Buffer): void {
    if (this.#closed !== undefined) return
    if (message.length < headBytes) throw new TunnelFault('a frame without a head')
    const [kind, id, payload] = [message.readUInt8(0), message.readUInt32BE(1), message.subarray(headBytes)]
    if (kind === tunnelFrame.message) return this.#ends.onMessage(parse(payload))
    if (kind === tunnelFrame.open) return this.#opened(id, payload)
    if (!this.#isKnown(id)) throw new TunnelFault(`a frame for stream ${id}, which was never opened`)
    // What was under way to a stream that has just ended here is nobody's any more.
    const stream = this.#streams.get(id)
    switch (kind) {
      case tunnelFrame.accept:
        return stream?.onAccept()
      case tunnelFrame.data:
        return stream?.onData(payload)
      case tunnelFrame.credit:
        if (payload.length !== 4) throw new TunnelFault('credit is four bytes')
        return stream?.onCredit(payload.readUInt32BE(0))
      case tunnelFrame.end:
        return stream?.onEnd()
      case tunnelFrame.reset:
        return stream?.onReset()
      default:
        throw new TunnelFault(`a frame of kind ${kind}`)
    }
  }

  /** Ends all streams; nothing is sent any more. */
  close(why: Error): void {
    if (this.#closed !== undefined) return
    this.#closed = why
    this.#waiting.clear()
    for (const stream of [...this.#streams.values()]) stream.destroy(why)
  }

  #isKnown(id: number): boolean {
    return id > 0 && id <= (this.#isOwn(id) ? this.#lastOwn : this.#lastPeers)
  }

  #isOwn(id: number): boolean {
    return id % 2 === (this.#ends.listened ? 0 : 1)
  }

  #opened(id: number, payload: Buffer): void {
    if (id === 0 || this.#isOwn(id) || id <= this.#lastPeers) throw new TunnelFault(`stream ${id} cannot be opened`)
    if (payload.length > 256) throw new TunnelFault('a stream leads too far')
    this.#lastPeers = id
    if (this.#ofPeer >= maxStreams) return this.#send(tunnelFrame.reset, id)
    this.#ofPeer++
    this.#ends.onOpen(this.#add(id), payload.toString())
  }

  #add(id: number): TunnelStream {
    const stream = new TunnelStream({
      send: (kind, payload) => this.#send(kind, id, payload),
      mayBeSent: () => this.#underWay < maxUnderWay,
      unread: (change) => {
        this.#unread += change
        return change <= 0 || this.#unread <= maxUnread
      },
      othersWait: () => this.#waiting.size > 0,
      waitForTurn: () => {
        this.#waiting.add(stream)
        if (this.#underWay === 0) queueMicrotask(() => this.#takeTurns())
      },
      gone: () => {
        this.#waiting.delete(stream)
        if (!this.#streams.delete(id)) return
        if (this.#isOwn(id)) this.#own--
        else this.#ofPeer--
      },
    })
    this.#streams.set(id, stream)
    return stream
  }

  #send(kind: number, id: number, payload: Buffer = Buffer.alloc(0)): void {
    if (this.#closed !== undefined) return
    const message = Buffer.allocUnsafe(headBytes + payload.length)
    message.writeUInt8(kind, 0)
    message.writeUInt32BE(id, 1)
    payload.copy(message, headBytes)
    this.#underWay += message.length
    this.#unsent += message.length + frameCost
    this.#ends.send(message, () => {
      this.#underWay -= message.length
      this.#unsent -= message.length + frameCost
      this.#takeTurns()
    })
    if (this.#unsent > maxUnsent) {
      this.close(new Error('the other side does not read'))
      this.#ends.onStuck?.()
    }
  }

  #takeTurns(): void {
    while (this.#underWay < maxUnderWay) {
      const [next] = this.#waiting
      if (next === undefined) return
      this.#waiting.delete(next)
      next.sendOne()
    }
  }
}

const messageBounds = { bytes: maxMessage, depth: 64, values: 100_000 }

function parse(payload: Buffer): unknown {
  try {
    requireBounded(payload, messageBounds)
    return JSON.parse(payload.toString())
  } catch (cause) {
    throw new TunnelFault('a message that is too large, or not JSON', { cause })
  }
}
