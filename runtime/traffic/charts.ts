import { type TrafficGroup, type TrafficRange, trafficRanges } from '#contract/traffic-ranges.ts'
import type { RoutingTable } from '#contract/routing.ts'
import type { At } from '../instances/place.ts'
import { callerName } from './caller-name.ts'
import { tierFor } from './history.ts'
import { addTo, emptySlot, quantile, type Slot } from './slot.ts'
import type { Traffic } from './traffic.ts'

interface Asked {
  range: TrafficRange
  by: TrafficGroup
  /** That may be looked into, for `by: 'environment'`. */ environmentIds: readonly string[]
}

/** So many curves can be told apart; the rest are drawn as one. */
const mostCurves = 7

/** A service's traffic over a range: one curve, or one for each environment, or for each caller in the environment. */
export async function chartOf(
  traffic: Traffic,
  table: RoutingTable,
  at: At,
  { range, by, environmentIds }: Asked,
  now = Date.now(),
) {
  const { ms, stepMs } = trafficRanges[range]
  const from = Math.floor((now - ms) / stepMs) * stepMs + stepMs
  const steps = Math.floor((now - from) / stepMs) + 1
  const within = by === 'environment' ? environmentIds : [at.environmentId]
  const own = table.services[at.serviceId]?.teamId
  const curves = new Map<string, Slot[]>()
  await traffic.read(
    { serviceId: at.serviceId, environmentIds: within },
    {
      tier: tierFor({ sinceMs: ms, stepMs }),
      from,
      to: now,
      take: (of, begins, slot) => {
        const name =
          by === 'all'
            ? ''
            : by === 'environment'
              ? (table.environments[of.environmentId]?.name ?? 'a deleted environment')
              : callerName(table, of.caller, own)
        const curve = curves.get(name) ?? Array.from({ length: steps }, emptySlot)
        curves.set(name, curve)
        const into = curve[Math.floor((begins - from) / stepMs)]
        if (into !== undefined) addTo(into, slot)
      },
    },
  )
  const busiest = [...curves]
    .map(([name, slots]) => ({ name, slots, sum: slots.reduce(addTo, emptySlot()) }))
    .sort((one, other) => other.sum.requests - one.sum.requests)
  const rest = busiest.splice(busiest.length > mostCurves + 1 ? mostCurves : busiest.length)
  if (rest.length > 0) {
    const slots = Array.from({ length: steps }, (_, step) =>
      rest.reduce((sum, curve) => addTo(sum, curve.slots[step] as Slot), emptySlot()),
    )
    busiest.push({ name: `${rest.length} others`, slots, sum: slots.reduce(addTo, emptySlot()) })
  }
  return {
    from,
    to: now,
    stepMs,
    inFlight: traffic.inFlight(at.serviceId, within),
    curves: busiest.map(({ name, slots, sum }) => ({ name, ...numbersOf(slots), total: totalOf(sum) })),
  }
}

/** Requests and errors of all services that were called in an environment in the last hour, or of one, two minutes a step. */
export async function activityIn(
  traffic: Traffic,
  { environmentId, serviceId: only }: { environmentId: string; serviceId?: string | undefined },
  now = Date.now(),
) {
  const stepMs = 120_000
  const steps = 30
  const from = Math.floor(now / stepMs) * stepMs - (steps - 1) * stepMs
  const services = new Map<string, { serviceId: string; requests: number[]; errors: number }>()
  await traffic.read(only === undefined ? { environmentId } : { serviceId: only, environmentIds: [environmentId] }, {
    tier: tierFor({ sinceMs: steps * stepMs + 2 * 3_600_000, stepMs }),
    from,
    to: now,
    take: ({ serviceId }, begins, slot) => {
      const service = services.get(serviceId) ?? {
        serviceId,
        requests: Array.from({ length: steps }, () => 0),
        errors: 0,
      }
      services.set(serviceId, service)
      const step = Math.floor((begins - from) / stepMs)
      service.requests[step] = (service.requests[step] ?? 0) + slot.requests
      service.errors += slot.errors
    },
  })
  return [...services.values()]
}

const rounded = (ms: number | null) => (ms === null ? null : Math.round(ms * 10) / 10)

function numbersOf(slots: readonly Slot[]) {
  return {
    requests: slots.map(({ requests }) => requests),
    errors: slots.map(({ errors }) => errors),
    limited: slots.map(({ limited }) => limited),
    busyMs: slots.map(({ busyMs }) => Math.round(busyMs)),
    p50: slots.map((slot) => rounded(quantile(slot, 0.5))),
    p95: slots.map((slot) => rounded(quantile(slot, 0.95))),
    p99: slots.map((slot) => rounded(quantile(slot, 0.99))),
  }
}

function totalOf(sum: Slot) {
  return {
    requests: sum.requests,
    errors: sum.errors,
    limited: sum.limited,
    p50: rounded(quantile(sum, 0.5)),
    p95: rounded(quantile(sum, 0.95)),
    p99: rounded(quantile(sum, 0.99)),
  }
}
