import { latencyBuckets, type TrafficCount } from '#contract/gateway-api.ts'

/** What happened within a short time. */
export interface Slot {
  requests: number
  errors: number
  /** Refused beyond the caller's limit; not among the requests. */
  limited: number
  /** To the heads of the answers, all together. */
  totalMs: number
  /** Time that calls were under way, all together. */
  busyMs: number
  /** As in {@link TrafficCount}. */
  latency: number[]
}

export const emptySlot = (): Slot => ({
  requests: 0,
  errors: 0,
  limited: 0,
  totalMs: 0,
  busyMs: 0,
  latency: latencyBuckets.map(() => 0).concat(0),
})

export function addTo(sum: Slot, more: Pick<TrafficCount, keyof Slot>): Slot {
  for (const name of ['requests', 'errors', 'limited', 'totalMs', 'busyMs'] as const) sum[name] += more[name]
  more.latency.forEach((times, index) => {
    sum.latency[index] = (sum.latency[index] ?? 0) + times
  })
  return sum
}

/**
 * Milliseconds below which so many of the requests were answered, as Prometheus' histogram_quantile reckons: within a bucket
 * they are taken to be spread evenly. Null when there were none. The sum of all times bounds what the buckets leave open: of
 * one request it is the time itself, of few it is nearer than the bucket's bound.
 */
export function quantile(
  { latency, totalMs }: Pick<Slot, 'latency'> & Partial<Pick<Slot, 'totalMs'>>,
  share: number,
): number | null {
  const total = latency.reduce((sum, times) => sum + times, 0)
  if (total === 0) return null
  if (total === 1 && totalMs !== undefined && totalMs > 0) return totalMs
  const least = latency.reduce((sum, times, index) => sum + times * (latencyBuckets[index - 1] ?? 0), 0)
  const spare = totalMs === undefined || totalMs < least ? Infinity : totalMs - least
  let passed = 0
  for (const [index, times] of latency.entries()) {
    if (times > 0 && passed + times >= total * share) {
      const low = latencyBuckets[index - 1] ?? 0
      const high = Math.min(latencyBuckets[index] ?? Infinity, low + spare)
      // Of those beyond the last bound nothing more is known.
      return latencyBuckets[index] === undefined
        ? low
        : low + (high - low) * Math.max(0, (total * share - passed) / times)
    }
    passed += times
  }
  return null
}

const format = 1

/**
 * Slots by their number, as bytes: a 1, then for each its number's distance from the one before, its five sums, which buckets have
 * requests (a bit each) and how many those have; all of them varints (https://protobuf.dev/programming-guides/encoding/#varints).
 * A slot of a service that is called now and then takes about 12 bytes, one in which nothing happened none.
 */
export function encodeSlots(slots: ReadonlyMap<number, Slot>): Uint8Array {
  const bytes = [format]
  let before = 0
  for (const [number, slot] of [...slots].sort(([one], [other]) => one - other)) {
    const used = slot.latency.reduce((mask, times, index) => (times > 0 ? mask | (1 << index) : mask), 0)
    for (const value of [
      number - before,
      slot.requests,
      slot.errors,
      slot.limited,
      Math.round(slot.totalMs),
      Math.round(slot.busyMs),
      used,
      ...slot.latency.filter((times) => times > 0),
    ])
      push(bytes, value)
    before = number
  }
  return Uint8Array.from(bytes)
}

/** @throws RangeError for bytes that are not what {@link encodeSlots} makes */
export function decodeSlots(bytes: Uint8Array): Map<number, Slot> {
  if (bytes[0] !== format) throw new RangeError(`slots of an unknown format: ${bytes[0]}`)
  const slots = new Map<number, Slot>()
  let at = 1
  const next = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw new RangeError('slots end within a number')
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  for (let number = 0; at < bytes.length;) {
    number += next()
    const slot: Slot = {
      requests: next(),
      errors: next(),
      limited: next(),
      totalMs: next(),
      busyMs: next(),
      latency: [],
    }
    const used = next()
    slot.latency = emptySlot().latency.map((_, index) => ((used & (1 << index)) === 0 ? 0 : next()))
    slots.set(number, slot)
  }
  return slots
}

function push(bytes: number[], value: number): void {
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  bytes.push(rest)
}
