/** How far back a service's traffic is looked at, and how far apart its points are: about 180 of them each. */
export const trafficRanges = {
  '1h': { ms: 3_600_000, stepMs: 20_000 },
  '6h': { ms: 6 * 3_600_000, stepMs: 2 * 60_000 },
  '24h': { ms: 24 * 3_600_000, stepMs: 10 * 60_000 },
  '7d': { ms: 7 * 24 * 3_600_000, stepMs: 3_600_000 },
  '30d': { ms: 30 * 24 * 3_600_000, stepMs: 4 * 3_600_000 },
} as const
export type TrafficRange = keyof typeof trafficRanges
export const trafficRangeNames = Object.keys(trafficRanges) as [TrafficRange, ...TrafficRange[]]

export const trafficGroups = ['all', 'environment', 'caller'] as const
export type TrafficGroup = (typeof trafficGroups)[number]
