import { setTimeout as pause } from 'node:timers/promises'
import type { PlatformEvent } from '#contract/records.ts'
import type { Web } from '../web.ts'

type Listener = (event: PlatformEvent) => void

interface Hooks {
  /** Events may have been missed: whoever shows something fetches it again. */
  missed: () => void
  /** A team itself, its members, invitations or tokens. */
  teamChanged: () => void
}

/** One stream of the runtime's events for the whole process, fanned out by team; joined again when the runtime was away. */
export class PlatformEvents {
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

  close(): void {
    this.#stopped.abort()
  }

  async #watch(web: Pick<Web, 'runtime' | 'log'>, hooks: Hooks): Promise<void> {
    const { signal } = this.#stopped
    for (let interrupted = false; !signal.aborted; interrupted = true) {
      try {
        const again = interrupted
        // Not before: what is asked for anew then would miss what happens until the stream stands.
        const events = web.runtime.stream('events.watch', {}, { signal, onOpen: () => { if (again) hooks.missed() } })
        for await (const event of events) {
          if (event.type === 'team') hooks.teamChanged()
          for (const listener of this.#byTeam.get(event.teamId) ?? []) listener(event)
        }
      } catch (error) {
        if (!signal.aborted) web.log.info({ err: error }, 'the stream of events was interrupted')
      }
      await pause(200, undefined, { signal }).catch(() => {})
    }
  }
}
