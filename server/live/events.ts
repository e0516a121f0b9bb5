import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { PlatformEvent } from '#contract/records.ts'
import type { Web } from '../web.ts'

type Listener = (event: PlatformEvent) => void

interface Hooks {
  /** Events may have been missed: whoever shows something fetches it again. */
  missed: () => void
  /** A team itself, its members, invitations or tokens; or an environment, which may be gone, or protected now. */
  accessChanged: () => void
}

/** More than what happens between a page being made and its browser listening. */
const mostKept = 500

/** One stream of the runtime's events for the whole process, fanned out by team; joined again when the runtime was away. */
export class PlatformEvents {
  readonly #process = randomBytes(6).toString('hex')
  #count = 0
  #kept: { count: number; event: PlatformEvent }[] = []
  /** Up to here, what was kept is not any more. */
  #forgotten = 0
  readonly #byTeam = new Map<string, Set<Listener>>()
  readonly #stopped = new AbortController()

  constructor(web: Pick<Web, 'runtime' | 'log'>, hooks: Hooks) {
    void this.#watch(web, hooks)
  }

  on(teamId: string, listener: Listener): () => void {
    const listeners = this.#byTeam.get(teamId) ?? new Set()
    this.#byTeam.set(teamId, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#byTeam.get(teamId) === listeners) this.#byTeam.delete(teamId)
    }
  }

  /** How far they have come: what was read after this knows of all before. */
  get mark(): string {
    return `${this.#process}.${this.#count}`
  }

  /** Those of a team that came after a mark; null when that is not known any more. */
  since(mark: string, teamId: string): PlatformEvent[] | null {
    const [process, count] = mark.split('.')
    if (process !== this.#process || !(Number(count) >= this.#forgotten)) return null
    return this.#kept.flatMap((one) => (one.count > Number(count) && one.event.teamId === teamId ? [one.event] : []))
  }

  close(): void {
    this.#stopped.abort()
  }

  #keep(event: PlatformEvent): void {
    this.#kept.push({ count: ++this.#count, event })
    if (this.#kept.length > 2 * mostKept) this.#forget(this.#kept.length - mostKept)
  }

  #forget(many: number): void {
    this.#forgotten = this.#kept[many - 1]?.count ?? this.#forgotten
    this.#kept = this.#kept.slice(many)
  }

  /** Nobody listened for a while: whoever has a mark from before does not know what came. */
  #forgetAll(): void {
    this.#kept = []
    this.#forgotten = ++this.#count
  }

  async #watch(web: Pick<Web, 'runtime' | 'log'>, hooks: Hooks): Promise<void> {
    const { signal } = this.#stopped
    for (let interrupted = false; !signal.aborted; interrupted = true) {
      try {
        const again = interrupted
        // Not before: what is asked for anew then would miss what happens until the stream stands.
        const events = web.runtime.stream(
          'events.watch',
          {},
          {
            signal,
            onOpen: () => {
              this.#forgetAll()
              if (again) hooks.missed()
            },
          },
        )
        for await (const event of events) {
          this.#keep(event)
          if (event.type === 'team' || event.type === 'environment') hooks.accessChanged()
          for (const listener of this.#byTeam.get(event.teamId) ?? []) listener(event)
        }
      } catch (error) {
        if (!signal.aborted) web.log.info({ err: error }, 'the stream of events was interrupted')
      }
      await pause(200, undefined, { signal }).catch(() => {})
    }
  }
}
