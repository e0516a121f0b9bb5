import type { LostCount } from '#contract/gateway-api.ts'
import type { LostContext } from '#contract/records.ts'
import type { RoutingTable } from '#contract/routing.ts'

type Known = Pick<RoutingTable, 'environments' | 'releases' | 'services'>
type Counted = LostCount & { firstAt: number; since: number }

/**
 * Calls that services made without saying to which of the calls that they were answering they belong, as the gateway
 * counted them. It counts from its own start on, and tells all of it to a runtime that was restarted.
 */
export class LostContexts {
  readonly #counts = new Map<string, Counted>()

  note(counts: readonly LostCount[]): void {
    for (const count of counts) {
      const key = `${count.serviceId}/${count.environmentId}/${count.revision}/${count.calleeId}`
      const before = this.#counts.get(key)
      // A gateway that was restarted begins anew.
      const since = before === undefined ? 0 : count.calls < before.calls - before.since ? before.calls : before.since
      this.#counts.set(key, { ...count, calls: since + count.calls, since, firstAt: before?.firstAt ?? count.lastAt })
    }
  }

  /** Of the revision that serves a service in an environment: its own, or the nearest parent's. */
  of(at: { serviceId: string; environmentId: string }, table: Known): LostContext | null {
    const release = serving(at, table)
    if (release === undefined) return null
    const lost = [...this.#counts.values()].filter(({ serviceId, environmentId, revision }) =>
      serviceId === release.serviceId && environmentId === release.environmentId && revision === release.revision)
    if (lost.length === 0) return null
    const callees = lost.toSorted((one, other) => other.calls - one.calls).map(({ calleeId, calls }) => ({ service: table.services[calleeId]?.name ?? 'a deleted service', calls }))
    return {
      environment: table.environments[release.environmentId]?.name ?? '',
      revision: release.revision,
      calls: lost.reduce((sum, { calls }) => sum + calls, 0),
      firstAt: Math.min(...lost.map(({ firstAt }) => firstAt)),
      lastAt: Math.max(...lost.map(({ lastAt }) => lastAt)),
      callees,
    }
  }
}

function serving({ serviceId, environmentId }: { serviceId: string; environmentId: string }, { environments, releases }: Known) {
  for (let id: string | null | undefined = environmentId; id; id = environments[id]?.parentId) {
    const release = releases[`${id}/${serviceId}`]
    if (release !== undefined) return release
  }
  return undefined
}
