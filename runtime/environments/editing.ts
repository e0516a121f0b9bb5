import type { Environment, PlatformEvent } from '#contract/records.ts'
import type { Events } from '../events/events.ts'
import type { Routing } from '../routing/routing.ts'

type Draft = Extract<PlatformEvent, { type: 'draft' }>

const lastsMs = 15 * 60_000

/** Who has lately edited which service's draft in which environment. Nothing of it is kept: whoever goes on is soon known again. */
export class Editing {
  readonly #events: Events
  readonly #routing: Routing
  readonly #now: () => number
  readonly #byEnvironment = new Map<string, Map<string, Draft & { at: number }>>()

  constructor({ events, routing }: { events: Events; routing: Routing }, now: () => number) {
    this.#events = events
    this.#routing = routing
    this.#now = now
    events.listen((event) => {
      if (event.type === 'draft') this.#note(event)
    })
  }

  /** The latest first. */
  of(environmentId: string): Environment['editing'] {
    const found = [...(this.#byEnvironment.get(environmentId)?.values() ?? [])].filter(
      ({ at }) => at > this.#now() - lastsMs,
    )
    return found
      .sort((a, b) => b.at - a.at)
      .flatMap(({ by, serviceId, at }) => {
        const service = this.#routing.table.services[serviceId]?.name
        return service === undefined ? [] : [{ by, service, at }]
      })
  }

  /** Screens are told when somebody begins, not of each key. */
  #note(draft: Draft): void {
    const { environmentId, userId, serviceId, teamId } = draft
    const known = this.#byEnvironment.get(environmentId) ?? new Map<string, Draft & { at: number }>()
    this.#byEnvironment.set(environmentId, known)
    const at = this.#now()
    for (const [key, one] of known) if (one.at <= at - lastsMs) known.delete(key)
    const key = `${userId}/${serviceId}`
    const begins = !known.has(key)
    known.set(key, { ...draft, at })
    if (begins) this.#events.emit({ type: 'environment', teamId, environmentId })
  }
}
