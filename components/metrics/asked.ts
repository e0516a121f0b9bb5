import { type TrafficGroup, trafficGroups, type TrafficRange, trafficRangeNames } from '#contract/traffic-ranges.ts'

/** What is asked for by an address; the same for the server that prefetches and the browser that reads. */
export function askedBy({ range, by }: { range?: string | undefined; by?: string | undefined }): {
  range: TrafficRange
  by: TrafficGroup
} {
  return {
    range: trafficRangeNames.find((name) => name === range) ?? '1h',
    by: trafficGroups.find((name) => name === by) ?? 'all',
  }
}
