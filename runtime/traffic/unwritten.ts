import type { TrafficCount } from '#contract/gateway-api.ts'
import { addTo, emptySlot, type Slot } from './slot.ts'

export interface Series {
  serviceId: string
  environmentId: string
  caller: string
  /** The caller's, when it was counted; the empty string when nobody knows. */
  callerTeamId: string
  lastAt: number
  /** By when they began. */
  slots: Map<number, Slot>
  endpoints: Map<string, number>
}

const slotMs = 10_000
const hourMs = 3_600_000
/** While the database is away for long, what has to wait gets coarser instead of more. */
const mostSlots = 200_000

/** What was counted and is not in the database yet. */
export class Unwritten {
  readonly series = new Map<string, Series>()
  #slots = 0

  add(fresh: TrafficCount, callerTeamId: string, now: number): void {
    const length = this.#slots > mostSlots ? hourMs : slotMs
    this.#into(fresh, callerTeamId, Math.floor(now / length) * length, fresh)
  }

  /** Takes what another has, which could not be written. */
  take({ series }: Unwritten): void {
    for (const { slots, endpoints, ...of } of series.values()) {
      const none = { ...of, endpoints: {} }
      for (const [at, slot] of slots) this.#into(none, of.callerTeamId, at, slot)
      this.#count(this.#of(none, of.callerTeamId), Object.fromEntries(endpoints), of.lastAt)
    }
  }

  of({
    serviceId,
    environmentId,
    caller,
  }: {
    serviceId: string
    environmentId: string
    caller: string
  }): Series | undefined {
    return this.series.get(`${serviceId}/${environmentId}/${caller}`)
  }

  #into(
    fresh: Pick<TrafficCount, 'serviceId' | 'environmentId' | 'caller' | 'lastAt' | 'endpoints'>,
    callerTeamId: string,
    at: number,
    more: Slot,
  ): void {
    const series = this.#of(fresh, callerTeamId)
    let slot = series.slots.get(at)
    if (slot === undefined) {
      series.slots.set(at, (slot = emptySlot()))
      this.#slots++
    }
    addTo(slot, more)
    this.#count(series, fresh.endpoints, fresh.lastAt)
  }

  #of(
    { serviceId, environmentId, caller }: Pick<TrafficCount, 'serviceId' | 'environmentId' | 'caller'>,
    callerTeamId: string,
  ): Series {
    const key = `${serviceId}/${environmentId}/${caller}`
    const known = this.series.get(key)
    if (known !== undefined) return known
    const made: Series = {
      serviceId,
      environmentId,
      caller,
      callerTeamId,
      lastAt: 0,
      slots: new Map(),
      endpoints: new Map(),
    }
    this.series.set(key, made)
    return made
  }

  #count(series: Series, endpoints: Readonly<Record<string, number>>, lastAt: number): void {
    for (const [endpoint, requests] of Object.entries(endpoints))
      series.endpoints.set(endpoint, (series.endpoints.get(endpoint) ?? 0) + requests)
    series.lastAt = Math.max(series.lastAt, lastAt)
  }
}
