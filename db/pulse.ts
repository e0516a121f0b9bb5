import { setTimeout as pause } from 'node:timers/promises'
import { databaseIsAway } from '#contract/outage.ts'
import { connect, type ConnectionOptions } from './open.ts'

/** What has not ended by then may be waiting for the database. */
const patienceMs = 1_000
const askEveryMs = 500
/** Without an answer for so long, it is away: also one that still takes connections, such as a paused one. */
const awayAfterMs = 2_500
/** Of what waits for a database that is away: beyond it, nothing is begun. */
const mostWaiting = 200

/**
 * Whether the database answers, asked on a connection of its own while something waits. A client waits for a paused server
 * for ever; whoever waits for the client is told here, after {@link patienceMs} and {@link awayAfterMs}. What was asked for
 * may still happen.
 */
export class Pulse {
  readonly #sql: ReturnType<typeof connect>
  readonly #waiting = new Set<() => void>()
  #begun = 0
  #away = false
  #looking = false
  #closed = false

  constructor(options: ConnectionOptions) {
    this.#sql = connect(options, 1)
  }

  /** @throws PlatformError `unavailable` when the database is away and the work does not end without it */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#away && this.#begun >= mostWaiting) throw databaseIsAway()
    const { promise, reject } = Promise.withResolvers<never>()
    const refuse = () => reject(databaseIsAway())
    const timer = setTimeout(() => {
      if (this.#away) return refuse()
      this.#waiting.add(refuse)
      void this.#look()
    }, patienceMs)
    this.#begun++
    const done = work().finally(() => this.#begun--)
    done.catch(() => {})
    try {
      return await Promise.race([done, promise])
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(refuse)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#sql.end({ timeout: 0 })
  }

  /** Asks for as long as somebody waits, or it is away. */
  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    while (!this.#closed && (this.#away || this.#waiting.size > 0)) {
      const late = setTimeout(() => {
        this.#away = true
        for (const refuse of this.#waiting) refuse()
      }, awayAfterMs)
      // One that refuses to be asked tells the others the same.
      await this.#sql`select 1`.then(
        () => (this.#away = false),
        () => {},
      )
      clearTimeout(late)
      await pause(askEveryMs, undefined, { ref: false })
    }
    this.#looking = false
  }
}
