import type { TrafficGroup, TrafficRange } from '#contract/traffic-ranges.ts'
import { type ServiceMetrics, spokenErrorShare, spokenLatency } from '#components/metrics/curves.ts'

/** The last hour, as the metrics show it: one query, so that both screens tell the same numbers. */
export const lastHour: { range: TrafficRange; by: TrafficGroup } = { range: '1h', by: 'all' }

export interface TrafficSummary {
  requests: number
  errors: number
  errorShare: string
  p50: string
  p99: string
}

/** The hour in a few words. */
export function summaryOf({ curves }: Pick<ServiceMetrics, 'curves'>): TrafficSummary {
  const { requests, errors, p50, p99 } = curves[0]?.total ?? { requests: 0, errors: 0, p50: null, p99: null }
  return {
    requests,
    errors,
    errorShare: spokenErrorShare({ requests, errors }),
    p50: spokenLatency(p50, requests),
    p99: spokenLatency(p99, requests),
  }
}
