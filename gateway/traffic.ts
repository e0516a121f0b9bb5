import { randomUUID } from 'node:crypto'
import {
  latencyBuckets,
  type LostCount,
  type TrafficClaim,
  type TrafficCount,
  type TrafficNews,
} from '#contract/gateway-api.ts'
import { beyond, together } from '#contract/traffic-counts.ts'
import type { Passage } from './admission.ts'
import type { Caller, Service } from './routes/entities.ts'

/** One service's calls in one environment by one kind of caller. */
export interface Counter extends TrafficCount {
  /** `performance.now()` up to which {@link TrafficCount.busyMs} was added up. */
  busyUpTo: number
}

/** Where something was counted that has not been told yet. */
interface Untold {
  counts: Set<Counter>
  lost: Set<LostCount>
  tokens: Set<string>
}

const busyEveryMs = 10_000

/** Counts requests by service, environment and caller; what is read of it are copies. */
export class Traffic {
  readonly run = randomUUID()
  private readonly counts = new Map<string, Counter>()
  private readonly lost = new Map<string, LostCount>()
  private readonly tokens = new Map<string, number>()
  private readonly saved = new Map<string, TrafficCount>()
  private claim: TrafficClaim | undefined
  private readonly watchers = new Set<Untold>()
  /** As all watchers were last told. */
  private readonly told = new Map<Counter, TrafficCount>()
  private readonly waiting = new Set<() => void>()

  /**
   * A call is under way; {@link end} it exactly once.
   * @param count what a call of the same passage was counted by
   */
  begin(passage: Counted, now = performance.now(), count = this.countOf(passage)): Counter {
    addBusy(count, now)
    count.inFlight++
    if (passage.tokenId !== undefined) this.noteToken(passage.tokenId)
    this.touch(count)
    return count
  }

  end(count: Counter): void {
    addBusy(count)
    count.inFlight--
    this.touch(count)
  }

  /** It was answered, or will not be. `ms` is the time to the answer's head. */
  count(count: Counter, endpoint: string, { status, ms }: { status: number; ms: number }): void {
    let bucket = 0
    while (bucket < latencyBuckets.length && ms > (latencyBuckets[bucket] as number)) bucket++
    count.requests++
    if (status >= 500) count.errors++
    count.latency[bucket] = (count.latency[bucket] as number) + 1
    count.totalMs += ms
    countEndpoint(count.endpoints, endpoint)
    count.lastAt = Date.now()
    this.touch(count)
  }

  /** One that was refused because its caller has called too often. */
  countLimited(refusal: Counted): void {
    const count = this.countOf(refusal)
    count.limited++
    count.lastAt = Date.now()
    this.touch(count)
  }

  /** What may be written down by now; whether the one before was is told with it. */
  noteSaving({ run, ...claim }: TrafficClaim & { run: string }): void {
    if (run !== this.run) return
    if (this.claim !== undefined && this.claim.save === claim.before)
      for (const count of this.claim.counts) this.saved.set(keyOf(count), count)
    this.claim = claim
  }

  /** Counted by the one before, and told nobody. */
  inherit(counts: readonly TrafficCount[]): void {
    for (const more of counts) {
      const count = this.countOf({
        service: { id: more.serviceId },
        environment: { id: more.environmentId },
        countedAs: more.caller,
      })
      Object.assign(count, together(count, { ...more, inFlight: 0 }))
      this.touch(count)
    }
  }

  /** What nobody has been told of, as a gateway that begins with nothing would count it. */
  untold(): TrafficCount[] {
    return this.all()
      .map((count) => beyond(count, this.told.get(this.counts.get(keyOf(count)) as Counter)))
      .filter(({ requests, limited, busyMs }) => requests > 0 || limited > 0 || busyMs >= 1)
  }

  private countOf(passage: Counted): Counter {
    const key = `${passage.service.id}/${passage.environment.id}/${passage.countedAs}`
    let count = this.counts.get(key)
    if (count === undefined) {
      count = {
        serviceId: passage.service.id,
        environmentId: passage.environment.id,
        caller: passage.countedAs,
        requests: 0,
        errors: 0,
        limited: 0,
        endpoints: {},
        latency: Array.from({ length: latencyBuckets.length + 1 }, () => 0),
        totalMs: 0,
        busyMs: 0,
        inFlight: 0,
        lastAt: 0,
        busyUpTo: 0,
      }
      this.counts.set(key, count)
    }
    return count
  }

  all(): TrafficCount[] {
    return [...this.counts.values()].map(asTold)
  }

  private noteToken(id: string): void {
    this.tokens.set(id, Date.now())
    for (const { tokens } of this.watchers) tokens.add(id)
  }

  countLost(
    { serviceId, environmentId }: Caller,
    callee: Service,
    { revision, late }: { revision: string; late: boolean },
  ): void {
    const key = `${serviceId}/${environmentId}/${revision}/${callee.id}/${late}`
    let count = this.lost.get(key)
    if (count === undefined)
      this.lost.set(
        key,
        (count = {
          serviceId,
          environmentId,
          revision,
          calleeId: callee.id,
          late,
          calls: 0,
          firstAt: Date.now(),
          lastAt: 0,
        }),
      )
    count.calls++
    count.lastAt = Date.now()
    for (const { lost } of this.watchers) lost.add(count)
    this.tell()
  }

  /** All counters, then those that changed, at most once every `everyMs`; the last ones when it ends. */
  async *watch(signal: AbortSignal, everyMs = 1000): AsyncGenerator<TrafficNews> {
    const untold: Untold = {
      counts: new Set(this.counts.values()),
      lost: new Set(this.lost.values()),
      tokens: new Set(this.tokens.keys()),
    }
    this.watchers.add(untold)
    try {
      yield { ...this.take(untold), saved: { counts: [...this.saved.values()], claim: this.claim ?? null } }
      for (;;) {
        const last = signal.aborted
        await pause(everyMs, signal)
        // Those that only go on and on are told of now and then.
        if (untold.counts.size === 0 && untold.lost.size === 0) await this.nextCount(signal, busyEveryMs)
        if (untold.counts.size === 0)
          for (const count of this.counts.values()) if (count.inFlight > 0) untold.counts.add(count)
        if (untold.counts.size > 0 || untold.lost.size > 0) yield this.take(untold)
        if (last) return
      }
    } finally {
      this.watchers.delete(untold)
    }
  }

  private take({ counts, lost, tokens }: Untold): TrafficNews {
    const news = {
      run: this.run,
      counts: [...counts].map((count) => {
        const told = asTold(count)
        this.told.set(count, told)
        return told
      }),
      lost: [...lost].map((count) => ({ ...count })),
      tokens: Object.fromEntries([...tokens].map((id) => [id, this.tokens.get(id) ?? 0])),
    }
    counts.clear()
    lost.clear()
    tokens.clear()
    return news
  }

  private touch(count: Counter): void {
    for (const { counts } of this.watchers) counts.add(count)
    this.tell()
  }

  private tell(): void {
    if (this.waiting.size === 0) return
    for (const tell of this.waiting) tell()
    this.waiting.clear()
  }

  /** Resolves with the next one, and, while calls are under way, no later than after `withinMs`. */
  private nextCount(signal: AbortSignal, withinMs: number): Promise<void> {
    const isBusy = [...this.counts.values()].some(({ inFlight }) => inFlight > 0)
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const tell = () => {
        clearTimeout(timer)
        this.waiting.delete(tell)
        signal.removeEventListener('abort', tell)
        resolve()
      }
      const timer = isBusy ? setTimeout(tell, withinMs) : undefined
      signal.addEventListener('abort', tell, { once: true })
      this.waiting.add(tell)
    })
  }
}

type Counted = { service: { id: string }; environment: { id: string } } & Pick<Passage, 'countedAs'> &
  Partial<Pick<Passage, 'tokenId'>>

const keyOf = ({ serviceId, environmentId, caller }: TrafficCount): string => `${serviceId}/${environmentId}/${caller}`

function addBusy(count: Counter, now = performance.now()): void {
  if (count.inFlight > 0) count.busyMs += (now - count.busyUpTo) * count.inFlight
  count.busyUpTo = now
}

function asTold(count: Counter): TrafficCount {
  addBusy(count)
  const { busyUpTo: _, ...told } = count
  return { ...told, endpoints: { ...count.endpoints }, latency: [...count.latency] }
}

/** Paths are their callers' to choose: only so many are told apart. */
const mostEndpoints = 64

function countEndpoint(endpoints: Record<string, number>, endpoint: string): void {
  const known =
    Object.hasOwn(endpoints, endpoint) || (endpoint !== '__proto__' && Object.keys(endpoints).length < mostEndpoints)
  const name = known ? endpoint : '*'
  endpoints[name] = (Object.hasOwn(endpoints, name) ? (endpoints[name] as number) : 0) + 1
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
