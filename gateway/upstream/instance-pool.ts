import { Answering } from '../context/answering.ts'
import { Connection } from './connection.ts'

/** Node closes an idle connection after 5 s; ours goes before, so that no request meets the closing. */
const defaultIdleMs = 4000
/** What may not be sent twice is sent only on a connection that was used just now. */
const freshMs = 1000
const maxIdle = 128

export interface Closable {
  /** Closes a websocket with 1012 (service restart), anything else plainly. */
  closeForRestart(): void
}

/** The connections to one instance, and what is under way to it. */
export class InstancePool {
  readonly id: string
  readonly address: string
  readonly port: number
  /** Of a laptop: where it is reached. */
  readonly socket: string | undefined
  busy = 0
  readonly sockets = new Set<Closable>()
  readonly answering = new Answering()
  /** No new request comes here: its connections are not kept. */
  retired = false
  private idle: Connection[] = []
  private idleMs = defaultIdleMs
  private waiting: (() => void)[] = []

  constructor(instance: { id: string; address: string; port: number }, socket?: string) {
    this.id = instance.id
    this.socket = socket
    this.address = instance.address
    this.port = instance.port
  }

  get load(): number {
    return this.busy + this.sockets.size
  }

  /** Counts as busy until {@link release} or {@link discard}. */
  acquire(repeatable: boolean): Connection {
    this.busy++
    const now = performance.now()
    for (let connection = this.idle.pop(); connection !== undefined; connection = this.idle.pop()) {
      const age = now - connection.idleSince
      if (connection.usable && age < (repeatable ? this.idleMs : Math.min(this.idleMs, freshMs))) return connection
      connection.destroy()
    }
    return new Connection(this)
  }

  release(connection: Connection, reusable: boolean, idleMs: number | undefined): void {
    // The hint is cut short by a second, or by half, for the way there.
    this.idleMs = Math.min(defaultIdleMs, idleMs === undefined ? defaultIdleMs : Math.max(idleMs - 1000, idleMs / 2))
    if (connection.release() && reusable && !this.retired && this.idle.length < maxIdle) {
      connection.idleSince = performance.now()
      connection.onIdleEnd = () => {
        const at = this.idle.indexOf(connection)
        if (at >= 0) this.idle.splice(at, 1)
      }
      this.idle.push(connection)
    } else {
      connection.destroy()
    }
    this.done()
  }

  discard(connection: Connection): void {
    connection.destroy()
    this.done()
  }

  /** The connection belongs to a tunnel now, which counts as a socket. */
  leaveToTunnel(): void {
    this.done()
  }

  addSocket(socket: Closable): void {
    this.sockets.add(socket)
  }

  removeSocket(socket: Closable): void {
    this.sockets.delete(socket)
    this.settle()
  }

  /** Closes what was idle for too long. */
  sweep(now: number): void {
    while (this.idle.length > 0 && now - (this.idle[0] as Connection).idleSince >= this.idleMs)
      this.idle.shift()?.destroy()
  }

  retire(): void {
    this.retired = true
    for (const connection of this.idle.splice(0)) connection.destroy()
  }

  /** Resolves with true when nothing is under way any more, with false after the time. */
  async whenIdle(timeoutMs: number): Promise<boolean> {
    if (this.load === 0) return true
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs)
      this.waiting.push(() => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  private done(): void {
    this.busy--
    this.settle()
  }

  private settle(): void {
    if (this.waiting.length > 0 && this.load === 0) for (const tell of this.waiting.splice(0)) tell()
  }
}
