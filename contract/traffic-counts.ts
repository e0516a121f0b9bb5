import type { TrafficCount } from './gateway-api.ts'

/** What was counted since `before`, by the same gateway. */
export function beyond(now: TrafficCount, before: TrafficCount | undefined): TrafficCount {
  if (before === undefined) return now
  return {
    ...now,
    requests: now.requests - before.requests,
    errors: now.errors - before.errors,
    totalMs: now.totalMs - before.totalMs,
    limited: now.limited - before.limited,
    busyMs: Math.max(0, now.busyMs - before.busyMs),
    endpoints: Object.fromEntries(
      Object.entries(now.endpoints)
        .map(([name, requests]) => [name, requests - (before.endpoints[name] ?? 0)] as const)
        .filter(([, requests]) => requests > 0),
    ),
    latency: now.latency.map((times, index) => times - (before.latency[index] ?? 0)),
  }
}

/** Both, as one. */
export function together(one: TrafficCount, other: TrafficCount): TrafficCount {
  const endpoints = { ...one.endpoints }
  for (const [name, requests] of Object.entries(other.endpoints)) endpoints[name] = (endpoints[name] ?? 0) + requests
  return {
    ...one,
    requests: one.requests + other.requests,
    errors: one.errors + other.errors,
    totalMs: one.totalMs + other.totalMs,
    limited: one.limited + other.limited,
    busyMs: one.busyMs + other.busyMs,
    inFlight: one.inFlight + other.inFlight,
    lastAt: Math.max(one.lastAt, other.lastAt),
    endpoints,
    latency: one.latency.map((times, index) => times + (other.latency[index] ?? 0)),
  }
}
