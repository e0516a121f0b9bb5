import { z } from 'zod'
import { type LostCount, lostCount } from '#contract/gateway-api.ts'
import type { LostContext } from '#contract/records.ts'
import type { RoutingTable } from '#contract/routing.ts'
import type { At } from '../instances/place.ts'

type Known = Pick<RoutingTable, 'environments' | 'releases' | 'services'>
/** `base`: what gateways before the present one counted. */
const counted = lostCount.extend({ base: z.number(), everFirstAt: z.number() })
type Counted = z.infer<typeof counted>

const keptMs = 7 * 24 * 3_600_000
const most = 10_000

/**
 * Calls that services made without saying to which of the calls that they were answering they belong, as the gateway
 * counted them. It counts from its own start on, and tells all of it to a runtime that was restarted; what is {@link kept}
 * outlives both.
 */
export class LostContexts {
  readonly #counts = new Map<string, Counted>()

  note(counts: readonly LostCount[]): void {
    for (const count of counts) {
      const key = keyOf(count)
      const before = this.#counts.get(key)
      const base =
        before === undefined ? 0 : before.firstAt === count.firstAt ? before.base : before.base + before.calls
      this.#counts.set(key, { ...count, base, everFirstAt: before?.everFirstAt ?? count.firstAt })
    }
  }

  /** To be given to {@link restore} after a restart: the newest, of the last week. */
  kept(now = Date.now()): Counted[] {
    const newest = [...this.#counts.values()]
      .filter(({ lastAt }) => now - lastAt < keptMs)
      .sort((one, other) => other.lastAt - one.lastAt)
      .slice(0, most)
    this.#counts.clear()
    for (const count of newest) this.#counts.set(keyOf(count), count)
    return newest
  }

  /** Whatever cannot be read is forgotten. */
  restore(kept: unknown): void {
    for (const count of z.array(counted).safeParse(kept).data ?? []) this.#counts.set(keyOf(count), count)
  }

  /** Without a call that they belong to, or, `isLate`, for one that had been answered. Of the revision that serves a service in an environment: its own, or the nearest parent's. */
  of(at: At, table: Known, isLate = false): LostContext | null {
    const release = serving(at, table)
    if (release === undefined) return null
    const lost = [...this.#counts.values()].filter(
      ({ serviceId, environmentId, revision, late }) =>
        late === isLate &&
        serviceId === release.serviceId &&
        environmentId === release.environmentId &&
        revision === release.revision,
    )
    if (lost.length === 0) return null
    const callees = lost
      .toSorted((one, other) => other.base + other.calls - one.base - one.calls)
      .map(({ calleeId, calls, base }) => ({
        service: table.services[calleeId]?.name ?? 'a deleted service',
        calls: base + calls,
      }))
    return {
      environment: table.environments[release.environmentId]?.name ?? '',
      revision: release.revision,
      calls: lost.reduce((sum, { calls, base }) => sum + base + calls, 0),
      firstAt: Math.min(...lost.map(({ everFirstAt }) => everFirstAt)),
      lastAt: Math.max(...lost.map(({ lastAt }) => lastAt)),
      callees,
    }
  }
}

const keyOf = ({ serviceId, environmentId, revision, calleeId, late }: LostCount): string =>
  `${serviceId}/${environmentId}/${revision}/${calleeId}/${late}`

function serving({ serviceId, environmentId }: At, { environments, releases }: Known) {
  for (let id: string | null | undefined = environmentId; id; id = environments[id]?.parentId) {
    const release = releases[`${id}/${serviceId}`]
    if (release !== undefined) return release
  }
  return undefined
}
