import type { Outputs } from '#client/trpc.ts'
import { spokenLatency } from '#components/metrics/curves.ts'

export type Traffic = Outputs['services']['traffic']

/** The last hour by the minute; the same for the server that prefetches and the browser that reads. */
export const lastHour = { sinceMs: 3_600_000, stepMs: 60_000 }

export interface TrafficSummary {
  requests: number
  errors: number
  errorShare: string
  p50: string
  p99: string
}

/** The hour in a few words. The median is that of the minutes', each weighing by its requests; p99 that of the slowest minute. */
export function summaryOf({ points }: Pick<Traffic, 'points'>): TrafficSummary {
  const requests = sum(points.map((point) => point.requests))
  const errors = sum(points.map((point) => point.errors))
  const share = requests === 0 ? 0 : (errors / requests) * 100
  return {
    requests, errors,
    errorShare: share === 0 ? '0 %' : share < 0.1 ? '< 0.1 %' : `${share.toFixed(share < 10 ? 1 : 0)} %`,
    p50: latency(points.map(({ p50, requests: weight }) => [p50, weight])),
    p99: spoken(points.reduce<number | null>((most, { p99 }) => (p99 === null ? most : Math.max(most ?? 0, p99)), null)),
  }
}

function latency(weighed: readonly (readonly [number | null, number])[]): string {
  const known = weighed.filter((each): each is readonly [number, number] => each[0] !== null && each[1] > 0)
  const sorted = known.toSorted(([one], [other]) => one - other)
  const half = sum(known.map(([, weight]) => weight)) / 2
  let passed = 0
  for (const [ms, weight] of sorted) {
    passed += weight
    if (passed >= half) return spoken(ms)
  }
  return '–'
}

const spoken = (ms: number | null) => (ms === null ? '–' : spokenLatency(ms))
const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0)
