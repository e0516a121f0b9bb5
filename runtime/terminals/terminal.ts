import type { ExecSession } from '#runtime/engines/engine.ts'
import { Screen } from './screen.ts'
import type { TerminalEvent } from './viewer.ts'
import { Viewer } from './viewer.ts'

export interface Size {
  cols: number
  rows: number
}

export interface Attachment {
  /** The first is a snapshot; the last, if it ends while attached, the exit. Reading slowly slows the program. */
  events: AsyncIterable<TerminalEvent>
  /** False: await `drain` before more. */
  write(data: string | Uint8Array): boolean
  drain(): Promise<void>
  resize(size: Size): void
  detach(): void
}

interface TerminalOptions extends Size {
  id: string
  userId: string
  instanceId: string
  session: ExecSession
  idleMs: number
  onEnd: () => void
}

/** What may wait for our own screen; parsing is slower than some programs write. */
const enoughForScreen = 1 << 20
/** A viewer that reads nothing for so long no longer holds up the program and the other viewers. */
const patienceMs = 30_000

/** A shell that goes on whether or not anybody looks, until it ends or nobody has looked for long. */
export class Terminal {
  readonly id: string
  readonly userId: string
  readonly instanceId: string
  readonly createdAt = Date.now()
  readonly ended: Promise<void>
  readonly #session: ExecSession
  readonly #screen: Screen
  readonly #viewers = new Set<Viewer>()
  readonly #idleMs: number
  #idle: NodeJS.Timeout | undefined
  #patience: NodeJS.Timeout | undefined

  constructor({ id, userId, instanceId, session, cols, rows, idleMs, onEnd }: TerminalOptions) {
    this.id = id
    this.userId = userId
    this.instanceId = instanceId
    this.#session = session
    this.#idleMs = idleMs
    // While somebody looks, their own terminal answers.
    this.#screen = new Screen(cols, rows, (text) => void (this.#viewers.size === 0 && session.write(text)))
    session.stdout.on('data', (data: Buffer) => this.#arrived(data))
    // Its last words first: they may wait for a slow viewer.
    const silent = new Promise((resolve) => session.stdout.once('close', resolve))
    this.ended = Promise.all([session.exited, silent]).then(([{ exitCode }]) => {
      clearTimeout(this.#idle)
      clearInterval(this.#patience)
      for (const viewer of this.#viewers) viewer.exit(exitCode)
      this.#screen.dispose()
      onEnd()
    })
    this.#nobodyLooks()
  }

  get title(): string {
    return this.#screen.title
  }

  attach(): Attachment {
    clearTimeout(this.#idle)
    const viewer = new Viewer(() => this.#viewerRead(viewer))
    this.#viewers.add(viewer)
    this.#screen.snapshot((text) => viewer.snapshot(text))
    this.#patience ??= setInterval(() => this.#giveUpOnStuck(), 1000).unref()
    const detach = () => {
      if (!this.#viewers.delete(viewer)) return
      viewer.end()
      this.#pace()
      if (this.#viewers.size === 0) this.#nobodyLooks()
    }
    return {
      events: viewer.events(),
      write: (data) => this.#session.write(data),
      drain: () => this.#session.drain(),
      resize: (size) => this.resize(size),
      detach,
    }
  }

  resize(wanted: Size): void {
    const size = { cols: clamp(wanted.cols), rows: clamp(wanted.rows) }
    this.#screen.resize(size.cols, size.rows)
    this.#session.resize(size)
  }

  /** Ends the shell and everything that it started. */
  async close(): Promise<void> {
    this.#session.signal('SIGHUP')
    const deadline = setTimeout(() => this.#session.kill(), 300)
    this.#session.stdout.resume()
    await this.ended
    clearTimeout(deadline)
  }

  #arrived(data: Buffer): void {
    this.#screen.write(data, () => this.#pace())
    for (const viewer of this.#viewers) viewer.output(data)
    this.#pace()
  }

  #viewerRead(viewer: Viewer): void {
    if (viewer.isStale && this.#viewers.has(viewer)) {
      viewer.renew()
      this.#screen.snapshot((text) => viewer.snapshot(text))
    }
    this.#pace()
  }

  /** The program may go on when the screen and every viewer keep up. */
  #pace(): void {
    const hold = this.#screen.waiting > enoughForScreen || [...this.#viewers].some((viewer) => viewer.isBehind)
    if (hold) this.#session.stdout.pause()
    else if (this.#session.stdout.isPaused()) this.#session.stdout.resume()
  }

  #giveUpOnStuck(): void {
    const now = performance.now()
    for (const viewer of this.#viewers) if (viewer.behindFor(now) > patienceMs) viewer.giveUp()
    this.#pace()
  }

  #nobodyLooks(): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => void this.close(), this.#idleMs).unref()
  }
}

export const clamp = (size: number) => Math.max(2, Math.min(500, Math.floor(size) || 2))
