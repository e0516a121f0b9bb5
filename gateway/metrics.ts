import { latencyBuckets, type TrafficCount } from '#contract/gateway-api.ts'
import { together } from '#contract/traffic-counts.ts'
import { type Labels, metricsText, type Metric, processMetrics } from '#contract/metrics.ts'
import type { RouteTable } from './routes/route-table.ts'
import type { Traffic } from './traffic.ts'
import type { Pools } from './upstream/pools.ts'

interface Parts {
  table: RouteTable
  traffic: Traffic
  pools: Pools
}

/** So many services and environments are told apart, and so many callers of each, first come; what is beyond them is summed up under `*`. */
const most = { places: 2_000, callers: 20 }
interface Told {
  count: TrafficCount
  labels: Labels
  caller: string
}

/** Calls by service and environment, from who called; counted since the gateway started. For operators alone: it names all teams' services. */
export function gatewayMetrics({ table, traffic, pools }: Parts): string {
  const counts = bounded(
    traffic.all().flatMap((count) => {
      const labels = labelsOf(table, count)
      return labels === undefined ? [] : [{ count, labels, caller: callerOf(table, count.caller) }]
    }),
  )
  const of = (figure: (count: TrafficCount) => number) =>
    counts.map(({ count, labels, caller }) => ({ labels: { ...labels, caller }, value: figure(count) }))
  const metrics: Metric[] = [
    {
      name: 'm3o_requests_total',
      help: 'Calls with a response.',
      type: 'counter',
      samples: of(({ requests }) => requests),
    },
    {
      name: 'm3o_request_errors_total',
      help: 'Calls with a status of 500 or more.',
      type: 'counter',
      samples: of(({ errors }) => errors),
    },
    {
      name: 'm3o_request_duration_seconds',
      help: 'Time to the response headers.',
      type: 'histogram',
      bounds: latencyBuckets.map((ms) => ms / 1000),
      samples: durations(counts),
    },
    {
      name: 'm3o_request_busy_seconds_total',
      help: 'Total time of calls in flight: its rate is the number of concurrent calls.',
      type: 'counter',
      samples: of(({ busyMs }) => busyMs / 1000),
    },
    {
      name: 'm3o_requests_in_flight',
      help: 'Calls in flight to instances.',
      type: 'gauge',
      samples: pools.all().flatMap(({ id, busy }) => underWay(table, id, busy)),
    },
    {
      name: 'm3o_sockets_open',
      help: 'Websockets open to instances.',
      type: 'gauge',
      samples: pools.all().flatMap(({ id, sockets }) => underWay(table, id, sockets.size)),
    },
    {
      name: 'm3o_routes_version',
      help: 'Version of the routing table.',
      type: 'gauge',
      samples: [{ value: table.version }],
    },
  ]
  return metricsText([...metrics, ...processMetrics('gateway')])
}

function labelsOf(
  table: RouteTable,
  { serviceId, environmentId }: { serviceId: string; environmentId: string },
): Labels | undefined {
  const [service, environment] = [table.get('services', serviceId), table.get('environments', environmentId)]
  const team = service && table.get('teams', service.teamId)
  return service === undefined || environment === undefined || team === undefined
    ? undefined
    : { team: team.name, service: service.name, environment: environment.name }
}

/** As many series as a scraper can keep, whatever the number of services: the order in which they were first called, so that none changes its name. */
function bounded(all: readonly Told[]): Told[] {
  const callers = new Map<string, Set<string>>()
  const sums = new Map<string, Told>()
  for (const { count, labels, caller } of all) {
    const place = `${count.serviceId}/${count.environmentId}`
    const known = callers.get(place) ?? (callers.size < most.places ? new Set<string>() : undefined)
    if (known !== undefined) callers.set(place, known)
    const isTold = known !== undefined && (known.has(caller) || known.size < most.callers)
    if (isTold) known.add(caller)
    const told =
      known === undefined
        ? { labels: { team: '*', service: '*', environment: '*' }, caller: '*' }
        : { labels, caller: isTold ? caller : '*' }
    const key = `${known === undefined ? '*' : place}/${told.caller}`
    const sum = sums.get(key)
    sums.set(key, {
      ...told,
      count:
        sum === undefined
          ? known === undefined
            ? { ...count, serviceId: '*', environmentId: '*' }
            : count
          : together(sum.count, count),
    })
  }
  return [...sums.values()]
}

/** `person` of the service's own team, `@team` for those of another, `anyone`, or the service by its name. */
function callerOf(table: RouteTable, caller: string): string {
  if (caller.startsWith('person/'))
    return `@${table.get('teams', caller.slice('person/'.length))?.name ?? 'a deleted team'}`
  if (!caller.startsWith('service/')) return caller
  const service = table.get('services', caller.slice('service/'.length))
  const team = service && table.get('teams', service.teamId)
  return service === undefined || team === undefined ? 'a deleted service' : `@${team.name}/${service.name}`
}

/** Whoever called: a histogram for each caller would be many times as much. */
function durations(counts: readonly { count: TrafficCount; labels: Labels }[]) {
  const sums = new Map<string, { labels: Labels; counts: number[]; sum: number }>()
  for (const { count, labels } of counts) {
    const key = `${count.serviceId}/${count.environmentId}`
    const sum = sums.get(key) ?? { labels, counts: count.latency.map(() => 0), sum: 0 }
    count.latency.forEach((times, index) => {
      sum.counts[index] = (sum.counts[index] ?? 0) + times
    })
    sum.sum += count.totalMs / 1000
    sums.set(key, sum)
  }
  return [...sums.values()]
}

function underWay(table: RouteTable, instanceId: string, value: number) {
  const release = table.releaseOf(instanceId)
  const labels = release && labelsOf(table, release)
  return value === 0 || labels === undefined ? [] : [{ labels: { ...labels, instance: instanceId }, value }]
}
