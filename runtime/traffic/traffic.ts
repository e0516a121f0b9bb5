import { and, eq, gte, sql } from 'drizzle-orm'
import { latencyBuckets, type LostCount, type TrafficCount } from '#contract/gateway-api.ts'
import { called, platform as facts, services, usage } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { LostContexts } from './lost-context.ts'

type Parts = Pick<Platform, 'db' | 'places' | 'routing' | 'events' | 'log'>
interface Unsaved { count: TrafficCount; upTo: TrafficCount; callerTeamId: string; requests: number; errors: number; limited: number; totalMs: number; hour: number; endpoints: Map<string, number> }
interface Slot { requests: number; errors: number; latency: number[] }

const slotMs = 10_000
const keptMs = 3 * 3_600_000
const lostKey = 'lost_contexts'

/**
 * What the gateway counted: the last hours in memory, ten seconds a slot, and hourly in the database. The gateway counts
 * from its own start on, so what arrives is compared with what was last seen; after a start of the runtime, with what the
 * gateway was last told to be written down, so that nothing is written down twice.
 */
export class Traffic {
  readonly lost = new LostContexts()
  readonly #parts: Parts
  readonly #seen = new Map<string, TrafficCount>()
  readonly #slots = new Map<string, Map<number, Slot>>()
  #saving: NodeJS.Timeout | undefined
  readonly #callers = new Map<string, Map<string, number>>()
  #unsaved = new Map<string, Unsaved>()

  readonly #tellSaved: (counts: TrafficCount[]) => Promise<unknown>

  constructor(parts: Parts, tellSaved: (counts: TrafficCount[]) => Promise<unknown> = async () => {}) {
    this.#parts = parts
    this.#tellSaved = tellSaved
  }

  note(counts: readonly TrafficCount[], lost: readonly LostCount[], saved: readonly TrafficCount[] = [], now = Date.now()): void {
    for (const count of saved) {
      const key = `${count.environmentId}/${count.serviceId}/${count.caller}`
      if (!this.#seen.has(key)) this.#seen.set(key, count)
    }
    const touched = new Map<string, Set<string>>()
    const touch = (serviceId: string) => {
      const teamId = this.#parts.routing.table.services[serviceId]?.teamId
      if (teamId) touched.set(teamId, (touched.get(teamId) ?? new Set()).add(serviceId))
    }
    this.lost.note(lost)
    if (lost.length > 0) this.#saving ??= setTimeout(() => void this.#saveLost(), 1000)
    for (const { serviceId } of lost) touch(serviceId)
    for (const count of counts) {
      const key = `${count.environmentId}/${count.serviceId}`
      const seenKey = `${key}/${count.caller}`
      const before = this.#seen.get(seenKey)
      const fresh = before !== undefined && before.requests <= count.requests ? subtract(count, before) : count
      this.#seen.set(seenKey, count)
      if (fresh.requests === 0 && fresh.limited === 0) continue
      if (fresh.requests === 0) {
        this.#remember(seenKey, fresh, count, now)
        touch(count.serviceId)
        continue
      }
      this.#addSlot(key, fresh, now)
      const callers = this.#callers.get(key) ?? new Map<string, number>()
      this.#callers.set(key, callers.set(count.caller, (callers.get(count.caller) ?? 0) + fresh.requests))
      this.#remember(seenKey, fresh, count, now)
      this.#parts.places.noteCalls(count, count.lastAt)
      touch(count.serviceId)
    }
    for (const [teamId, serviceIds] of touched) this.#parts.events.emit({ type: 'traffic', teamId, serviceIds: [...serviceIds] })
  }

  points(at: { serviceId: string; environmentId: string }, sinceMs: number, stepMs: number, now = Date.now()) {
    const slots = this.#slots.get(`${at.environmentId}/${at.serviceId}`)
    const step = Math.max(slotMs, Math.ceil(stepMs / slotMs) * slotMs)
    const first = Math.floor((now - Math.min(sinceMs, keptMs)) / step) * step
    return Array.from({ length: Math.floor((now - first) / step) + 1 }, (_, index) => {
      const start = first + index * step
      const sum: Slot = { requests: 0, errors: 0, latency: [] }
      for (let slot = start; slot < start + step; slot += slotMs) add(sum, slots?.get(slot))
      return { at: start, requests: sum.requests, errors: sum.errors, p50: quantile(sum, 0.5), p99: quantile(sum, 0.99) }
    })
  }

  /** Who calls it, and whom it calls, by name, busiest first. */
  neighbours(at: { serviceId: string; environmentId: string }) {
    const { table } = this.#parts.routing
    const own = table.services[at.serviceId]?.teamId
    const team = (teamId: string | undefined) => `@${table.teams[teamId ?? '']?.name ?? 'a deleted team'}`
    const name = (serviceId: string) => {
      const found = table.services[serviceId]
      return found && (found.teamId === own ? found.name : `${team(found.teamId)}/${found.name}`)
    }
    const callers = [...(this.#callers.get(`${at.environmentId}/${at.serviceId}`) ?? [])].map(([caller, requests]) => ({
      caller: caller.startsWith('service/') ? (name(caller.slice(8)) ?? 'a deleted service') : caller.startsWith('person/') ? `people of ${team(caller.slice(7))}` : caller, requests,
    }))
    const callees = [...this.#callers].flatMap(([key, by]) => {
      const requests = by.get(`service/${at.serviceId}`)
      const [environmentId = '', serviceId = ''] = key.split('/')
      const service = name(serviceId)
      // Another team's is asked in that team's own environment, wherever the call comes from.
      const here = environmentId === at.environmentId || table.environments[environmentId]?.teamId !== own
      return requests !== undefined && service !== undefined && here ? [{ service, requests }] : []
    })
    const busiest = (a: { requests: number }, b: { requests: number }) => b.requests - a.requests
    return { callers: callers.sort(busiest), callees: callees.sort(busiest) }
  }

  /** Writes the hours down; what could not be written stays for the next time. */
  async save(): Promise<void> {
    if (this.#saving !== undefined) await this.#saveLost()
    const unsaved = this.#unsaved
    this.#unsaved = new Map()
    const written: TrafficCount[] = []
    for (const entry of unsaved.values()) {
      const { count, requests, errors, limited, totalMs, hour, callerTeamId } = entry
      const teamId = this.#parts.routing.table.services[count.serviceId]?.teamId ?? ''
      await this.#parts.db.insert(usage)
        .values({ hour, teamId, serviceId: count.serviceId, environmentId: count.environmentId, caller: count.caller, callerTeamId, requests, errors, totalMs, limited })
        .onConflictDoUpdate({
          target: [usage.hour, usage.serviceId, usage.environmentId, usage.caller],
          set: { requests: sql`${usage.requests} + ${requests}`, errors: sql`${usage.errors} + ${errors}`, totalMs: sql`${usage.totalMs} + ${totalMs}`, limited: sql`${usage.limited} + ${limited}` },
        })
        .then(() => this.#saveCalled(entry))
        .then(() => void written.push(entry.upTo))
        .catch((error: unknown) => {
          this.#parts.log.warn({ err: error }, 'usage could not be written down')
          this.#remember(`${count.environmentId}/${count.serviceId}/${count.caller}`, { ...count, requests, errors, limited, totalMs, endpoints: Object.fromEntries(entry.endpoints) }, entry.upTo, hour)
        })
    }
    // A gateway that is away has forgotten what it counted, too.
    if (written.length > 0) await this.#tellSaved(written).catch(() => {})
  }

  async #saveCalled({ count: { serviceId, caller, lastAt }, callerTeamId, endpoints }: Unsaved): Promise<void> {
    if (endpoints.size === 0) return
    await this.#parts.db.insert(called)
      .values([...endpoints].map(([endpoint, requests]) => ({ serviceId, caller, teamId: callerTeamId, endpoint, requests, lastAt })))
      .onConflictDoUpdate({
        target: [called.serviceId, called.caller, called.teamId, called.endpoint],
        set: { requests: sql`${called.requests} + excluded.requests`, lastAt: sql`greatest(${called.lastAt}, excluded.last_at)` },
      })
  }

  /** Team of a caller, as the gateway names callers; the empty string when it is not known. */
  #teamOf(caller: string, serviceId: string): string {
    const { services: known } = this.#parts.routing.table
    if (caller === 'person') return known[serviceId]?.teamId ?? ''
    return caller.startsWith('person/') ? caller.slice(7) : caller.startsWith('service/') ? (known[caller.slice(8)]?.teamId ?? '') : ''
  }

  /** After a start: who called whom in the last week, and what was lost. */
  async load(now = Date.now()): Promise<void> {
    const [fact] = await this.#parts.db.select().from(facts).where(eq(facts.key, lostKey))
    this.lost.restore(fact?.value)
    const rows = await this.#parts.db.select({ usage, serviceId: services.id }).from(usage).innerJoin(services, eq(services.id, usage.serviceId))
      .where(and(gte(usage.hour, now - 7 * 24 * 3_600_000)))
    for (const { usage: row } of rows) {
      const key = `${row.environmentId}/${row.serviceId}`
      const callers = this.#callers.get(key) ?? new Map<string, number>()
      this.#callers.set(key, callers.set(row.caller, (callers.get(row.caller) ?? 0) + row.requests))
    }
  }

  async #saveLost(): Promise<void> {
    clearTimeout(this.#saving)
    this.#saving = undefined
    const value = this.lost.kept()
    await this.#parts.db.insert(facts).values({ key: lostKey, value }).onConflictDoUpdate({ target: facts.key, set: { value } })
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'calls that lost their environment could not be written down'))
  }

  #addSlot(key: string, fresh: Slot, now: number): void {
    const slots = this.#slots.get(key) ?? new Map<number, Slot>()
    this.#slots.set(key, slots)
    const at = Math.floor(now / slotMs) * slotMs
    const slot = slots.get(at) ?? { requests: 0, errors: 0, latency: [] }
    slots.set(at, slot)
    add(slot, fresh)
    for (const old of slots.keys()) {
      if (old >= now - keptMs) break
      slots.delete(old)
    }
  }

  /** @param upTo as the gateway counted all of it */
  #remember(key: string, fresh: TrafficCount, upTo: TrafficCount, now: number): void {
    const hour = Math.floor(now / 3_600_000) * 3_600_000
    const entry = this.#unsaved.get(`${hour}/${key}`) ?? { count: fresh, upTo, callerTeamId: this.#teamOf(fresh.caller, fresh.serviceId), requests: 0, errors: 0, limited: 0, totalMs: 0, hour, endpoints: new Map<string, number>() }
    entry.count = fresh
    if (upTo.requests >= entry.upTo.requests) entry.upTo = upTo
    entry.limited += fresh.limited
    for (const [endpoint, requests] of Object.entries(fresh.endpoints)) entry.endpoints.set(endpoint, (entry.endpoints.get(endpoint) ?? 0) + requests)
    entry.requests += fresh.requests
    entry.errors += fresh.errors
    entry.totalMs += fresh.totalMs
    this.#unsaved.set(`${hour}/${key}`, entry)
  }
}

function subtract(now: TrafficCount, before: TrafficCount): TrafficCount {
  return {
    ...now, requests: now.requests - before.requests, errors: now.errors - before.errors, totalMs: now.totalMs - before.totalMs, limited: now.limited - before.limited,
    endpoints: Object.fromEntries(Object.entries(now.endpoints).map(([name, requests]) => [name, requests - (before.endpoints[name] ?? 0)] as const).filter(([, requests]) => requests > 0)),
    latency: now.latency.map((times, index) => times - (before.latency[index] ?? 0)),
  }
}

function add(sum: Slot, more: Slot | undefined): void {
  if (!more) return
  sum.requests += more.requests
  sum.errors += more.errors
  more.latency.forEach((times, index) => (sum.latency[index] = (sum.latency[index] ?? 0) + times))
}

/** Upper bound, in milliseconds, of the bucket in which it lies. */
function quantile({ latency }: Slot, share: number): number | null {
  const total = latency.reduce((sum, times) => sum + times, 0)
  let passed = 0
  for (const [index, times] of latency.entries()) {
    passed += times
    if (total > 0 && passed >= total * share) return latencyBuckets[index] ?? 20_000
  }
  return null
}
