import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { type Identity, signalTo } from './identity.ts'

export interface Watched {
  name: string
  /** Of the process that runs now; undefined while there is none. */
  identity: () => Identity | undefined
  /** Whether it answers at all, within so long. */
  answers: (withinMs: number) => Promise<boolean>
}

export interface HangWatchOptions {
  say: (line: string) => void
  /** How long it is waited for an answer; twice in a row, then it is killed. */
  windowMs?: number
}

/** Together 40 s, in which a process that is alive has had thousands of turns, however busy the machine is. */
const defaultWindowMs = 20_000
const betweenMs = 5_000
/** Until it has answered for the first time it is asked often, as what hangs at once would never be noticed otherwise. */
const firstMs = 250
/** What a thread that hangs gets of a processor at least. One that is stopped, starved or waits for a disk gets less: it is no hang. */
const leastShare = 0.1
/** Of windows: the processor time that a start may take before the first answer. It takes a second, and a few with 10,000 services. */
const startWindows = 3

/**
 * Kills a process whose main thread does nothing but one thing: it answers nothing for long, and uses a processor all the while. Its
 * parent starts it again. A process that has not answered yet is still starting. It gets longer, measured in processor time: it may be
 * resuming the very work that made its predecessor hang.
 */
export class HangWatch {
  readonly #watched: Watched
  readonly #say: (line: string) => void
  readonly #windowMs: number
  readonly #stopping = new AbortController()
  #seen: Identity | undefined

  constructor(watched: Watched, { say, windowMs = defaultWindowMs }: HangWatchOptions) {
    this.#watched = watched
    this.#say = say
    this.#windowMs = windowMs
  }

  start(): void {
    void this.#watch().catch(() => {}) // stopped
  }

  stop(): void {
    this.#stopping.abort()
  }

  get name(): string {
    return this.#watched.name
  }

  /** Somebody else had an answer from the process that runs now. */
  noteAnswer(): void {
    this.#seen = this.#watched.identity()
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping
    for (;;) {
      const identity = this.#watched.identity()
      const isKnown = isSame(identity, this.#seen)
      await pause(isKnown ? Math.min(betweenMs, this.#windowMs) : firstMs, undefined, { signal, ref: false })
      if (identity === undefined || !isSame(identity, this.#watched.identity())) continue
      if (!isKnown) {
        if (await this.#watched.answers(Math.min(2_000, this.#windowMs))) this.#seen = identity
        else if (!this.#stopping.signal.aborted && (processorMs(identity) ?? 0) >= startWindows * this.#windowMs)
          this.#kill(identity, startWindows, 'since its start and kept')
        continue
      }
      if (!(await this.#hangs(identity)) || !(await this.#hangs(identity)) || signal.aborted) continue
      this.#kill(identity, 2, 'while it kept')
    }
  }

  #kill(identity: Identity, windows: number, how: string): void {
    this.#say(
      `${this.#watched.name} did not respond for ${Math.round((windows * this.#windowMs) / 1000)} s ${how} a processor busy: it is killed and restarted`,
    )
    signalTo(identity, 'SIGKILL')
  }

  async #hangs(identity: Identity): Promise<boolean> {
    const [before, asked] = [processorMs(identity), performance.now()]
    if (before === undefined || (await this.#watched.answers(this.#windowMs))) return false
    // Refused at once: it is ending, or it listens no more.
    if (performance.now() - asked < this.#windowMs * 0.9) return false
    const after = processorMs(identity)
    return (
      after !== undefined && isSame(identity, this.#watched.identity()) && after - before >= this.#windowMs * leastShare
    )
  }
}

const isSame = (one: Identity | undefined, other: Identity | undefined): boolean =>
  one !== undefined && one.pid === other?.pid && one.start === other.start && one.boot === other.boot

/** What its main thread has had of a processor (proc_pid_stat(5), fields 14 and 15, a hundred to the second). Undefined where that is not told: nothing is killed there. */
function processorMs({ pid }: Identity): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return undefined
  }
}
