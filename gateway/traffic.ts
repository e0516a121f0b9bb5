import { latencyBuckets, type LostCount, type TrafficCount } from '#contract/gateway-api.ts'
import type { Passage } from './admission.ts'
import type { Caller, Service } from './routes/entities.ts'

/** Counts requests by service, environment and caller; what is read of it are copies. */
export class Traffic {
  private readonly counts = new Map<string, TrafficCount>()
  private readonly lost = new Map<string, LostCount>()
  private readonly saved = new Map<string, TrafficCount>()
  private readonly waiting = new Set<() => void>()

  /** `ms` is the time to the answer's head. */
  count(passage: Passage, status: number, ms: number): void {
    const count = this.countOf(passage)
    let bucket = 0
    while (bucket < latencyBuckets.length && ms > (latencyBuckets[bucket] as number)) bucket++
    count.requests++
    if (status >= 500) count.errors++
    count.latency[bucket] = (count.latency[bucket] as number) + 1
    count.totalMs += ms
    countEndpoint(count.endpoints, passage.endpoint)
    count.lastAt = Date.now()
    this.tell()
  }

  /** One that was refused because its caller has called too often. */
  countLimited(refusal: Pick<Passage, 'service' | 'countedAs'> & { environment: { id: string } }): void {
    const count = this.countOf(refusal)
    count.limited++
    count.lastAt = Date.now()
    this.tell()
  }

  /** Of a gateway before this one, what it says was never counted here. */
  noteSaved(counts: readonly TrafficCount[]): void {
    for (const count of counts) {
      const key = `${count.serviceId}/${count.environmentId}/${count.caller}`
      const known = this.counts.get(key)
      if (known !== undefined && known.requests >= count.requests && known.limited >= count.limited) this.saved.set(key, count)
    }
  }

  private countOf(passage: Pick<Passage, 'service' | 'countedAs'> & { environment: { id: string } }): TrafficCount {
    const key = `${passage.service.id}/${passage.environment.id}/${passage.countedAs}`
    let count = this.counts.get(key)
    if (count === undefined) {
      count = {
        serviceId: passage.service.id, environmentId: passage.environment.id, caller: passage.countedAs,
        requests: 0, errors: 0, limited: 0, endpoints: {}, latency: Array.from({ length: latencyBuckets.length + 1 }, () => 0), totalMs: 0, lastAt: 0,
      }
      this.counts.set(key, count)
    }
    return count
  }

  all(): TrafficCount[] {
    return [...this.counts.values()]
  }

  countLost({ serviceId, environmentId }: Caller, callee: Service, { revision, late }: { revision: string; late: boolean }): void {
    const key = `${serviceId}/${environmentId}/${revision}/${callee.id}/${late}`
    let count = this.lost.get(key)
    if (count === undefined) this.lost.set(key, (count = { serviceId, environmentId, revision, calleeId: callee.id, late, calls: 0, firstAt: Date.now(), lastAt: 0 }))
    count.calls++
    count.lastAt = Date.now()
    this.tell()
  }

  /** All counters, then those that changed, at most once every `everyMs`. */
  async *watch(signal: AbortSignal, everyMs = 1000): AsyncGenerator<{ counts: TrafficCount[]; lost: LostCount[]; saved?: TrafficCount[] }> {
    let seen = new Map<string, number>()
    let seenLost = new Map<string, number>()
    for (let first = true; !signal.aborted; first = false) {
      const now = new Map([...this.counts].map(([key, count]) => [key, count.requests + count.limited]))
      const changed = [...this.counts].filter(([key, count]) => seen.get(key) !== count.requests + count.limited)
      seen = now
      const lost = [...this.lost].filter(([key, { calls }]) => seenLost.get(key) !== calls).map(([, count]) => ({ ...count }))
      seenLost = new Map([...this.lost].map(([key, { calls }]) => [key, calls]))
      if (first || changed.length > 0 || lost.length > 0) yield { counts: changed.map(([, count]) => ({ ...count, endpoints: { ...count.endpoints }, latency: [...count.latency] })), lost, ...(first && { saved: [...this.saved.values()] }) }
      await pause(everyMs, signal)
      const changedSince = [...this.counts].some(([key, count]) => seen.get(key) !== count.requests + count.limited) || [...this.lost].some(([key, { calls }]) => seenLost.get(key) !== calls)
      if (!changedSince) await this.nextCount(signal)
    }
  }

  private tell(): void {
    if (this.waiting.size === 0) return
    for (const tell of this.waiting) tell()
    this.waiting.clear()
  }

  private nextCount(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const tell = () => {
        this.waiting.delete(tell)
        signal.removeEventListener('abort', tell)
        resolve()
      }
      signal.addEventListener('abort', tell, { once: true })
      this.waiting.add(tell)
    })
  }
}

/** Paths are their callers' to choose: only so many are told apart. */
const mostEndpoints = 64

function countEndpoint(endpoints: Record<string, number>, endpoint: string): void {
  const known = Object.hasOwn(endpoints, endpoint) || (endpoint !== '__proto__' && Object.keys(endpoints).length < mostEndpoints)
  const name = known ? endpoint : '*'
  endpoints[name] = (Object.hasOwn(endpoints, name) ? (endpoints[name] as number) : 0) + 1
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
