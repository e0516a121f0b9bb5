import { randomUUID } from 'node:crypto'
import { and, eq, gte, inArray, sql } from 'drizzle-orm'
import type { TrafficClaim, TrafficCount, TrafficNews } from '#contract/gateway-api.ts'
import { beyond } from '#contract/traffic-counts.ts'
import type { Transaction } from '#db/open.ts'
import { called, platform as facts, services, usage } from '#db/schema.ts'
import type { At } from '../instances/place.ts'
import type { Platform } from '../platform.ts'
import { noteUses } from '../tokens/tokens.ts'
import { callerName, serviceName } from './caller-name.ts'
import { addToHistory, readHistory, type Tier } from './history.ts'
import { LostContexts } from './lost-context.ts'
import type { Slot } from './slot.ts'
import { type Series, Unwritten } from './unwritten.ts'

type Parts = Pick<Platform, 'db' | 'places' | 'routing' | 'events' | 'log'>
type Of = { serviceId: string; environmentId: string; caller: string }
export interface Span {
  tier: Tier
  from: number
  to: number
  take: (of: Of, at: number, slot: Slot) => void
}

const hourMs = 3_600_000
const lostKey = 'lost_contexts'
const savedKey = 'traffic_saved'
const perStatement = 500

/**
 * What the gateway counted: as curves of a month, and hourly for whoever pays. The gateway counts from its own start on, so what
 * arrives is compared with what was last seen. Once a minute all of it is written, in one transaction with the name of that
 * save, which the gateway was told before with its counts: after a start of the runtime the two say exactly what is written and
 * what is not. A gateway that is killed takes with it what it had not told, the last second at most.
 */
export class Traffic {
  readonly lost = new LostContexts()
  readonly #parts: Parts
  readonly #tellSaving: (claim: TrafficClaim & { run: string }) => Promise<unknown>
  readonly #callers = new Map<string, Map<string, number>>()
  readonly #usedTokens = new Map<string, number>()
  #run = ''
  #seen = new Map<string, TrafficCount>()
  #unwritten = new Unwritten()
  /** Under way to the database, or with an outcome that nobody knows. */
  #writing: { save: string; batch: Unwritten } | undefined
  #lastSave: string | null = null
  #writes = 0
  #saving: Promise<void> = Promise.resolve()
  #savingLost: NodeJS.Timeout | undefined

  constructor(parts: Parts, tellSaving: (claim: TrafficClaim & { run: string }) => Promise<unknown> = async () => {}) {
    this.#parts = parts
    this.#tellSaving = tellSaving
  }

  note({ run, counts, lost, saved, tokens = {} }: TrafficNews, now = Date.now()): void {
    if (run !== this.#run) this.#seen = new Map()
    this.#run = run
    if (this.#seen.size === 0 && saved !== undefined) {
      const { claim } = saved
      for (const count of [...saved.counts, ...(claim !== null && claim.save === this.#lastSave ? claim.counts : [])])
        this.#seen.set(keyOf(count), count)
    }
    const touched = new Map<string, Set<string>>()
    const touch = (serviceId: string) => {
      const teamId = this.#parts.routing.table.services[serviceId]?.teamId
      if (teamId) touched.set(teamId, (touched.get(teamId) ?? new Set()).add(serviceId))
    }
    for (const [id, at] of Object.entries(tokens)) this.#usedTokens.set(id, at)
    this.lost.note(lost)
    if (lost.length > 0) this.#savingLost ??= setTimeout(() => void this.#saveLost(), 1000)
    for (const { serviceId } of lost) touch(serviceId)
    for (const count of counts) {
      const fresh = beyond(count, this.#seen.get(keyOf(count)))
      this.#seen.set(keyOf(count), count)
      if (fresh.requests <= 0 && fresh.limited <= 0 && fresh.busyMs <= 0) continue
      this.#unwritten.add(fresh, this.#teamOf(count.caller, count.serviceId), now)
      touch(count.serviceId)
      if (fresh.requests <= 0) continue
      const key = `${count.environmentId}/${count.serviceId}`
      const callers = this.#callers.get(key) ?? new Map<string, number>()
      this.#callers.set(key, callers.set(count.caller, (callers.get(count.caller) ?? 0) + fresh.requests))
      this.#parts.places.noteCalls(count, count.lastAt)
    }
    for (const [teamId, serviceIds] of touched)
      this.#parts.events.emit({ type: 'traffic', teamId, serviceIds: [...serviceIds] })
  }

  /** What was counted between two moments, written or not, a piece at a time; it begins anew when something was written meanwhile. */
  async read(
    at: { serviceId: string; environmentIds?: readonly string[] } | { environmentId: string },
    span: Span,
  ): Promise<void> {
    const isWanted = (of: Of) =>
      'serviceId' in at
        ? of.serviceId === at.serviceId && (at.environmentIds?.includes(of.environmentId) ?? true)
        : of.environmentId === at.environmentId
    for (;;) {
      const writes = this.#writes
      const pieces: Parameters<Span['take']>[] = []
      for (const batch of [this.#unwritten, this.#writing?.batch]) {
        for (const series of batch?.series.values() ?? []) {
          if (isWanted(series))
            for (const [begins, slot] of series.slots)
              if (begins >= span.from && begins <= span.to)
                pieces.push([series, begins, { ...slot, latency: [...slot.latency] }])
        }
      }
      await readHistory(this.#parts.db, at, { ...span, take: (...piece) => void pieces.push(piece) })
      if (writes !== this.#writes) continue
      for (const piece of pieces) span.take(...piece)
      return
    }
  }

  /** Calls under way just now, in some environments. */
  inFlight(serviceId: string, environmentIds: readonly string[]): number {
    return [...this.#seen.values()].reduce(
      (sum, count) =>
        count.serviceId === serviceId && environmentIds.includes(count.environmentId) ? sum + count.inFlight : sum,
      0,
    )
  }

  /** Who calls it, and whom it calls, by name, busiest first. */
  neighbours(at: At) {
    const { table } = this.#parts.routing
    const own = table.services[at.serviceId]?.teamId
    const callers = [...(this.#callers.get(`${at.environmentId}/${at.serviceId}`) ?? [])].map(([caller, requests]) => ({
      caller: callerName(table, caller, own),
      requests,
    }))
    const callees = [...this.#callers].flatMap(([key, by]) => {
      const requests = by.get(`service/${at.serviceId}`)
      const [environmentId = '', serviceId = ''] = key.split('/')
      const service = serviceName(table, serviceId, own)
      // Another team's is asked in that team's own environment, wherever the call comes from.
      const here = environmentId === at.environmentId || table.environments[environmentId]?.teamId !== own
      return requests !== undefined && service !== undefined && here ? [{ service, requests }] : []
    })
    const busiest = (a: { requests: number }, b: { requests: number }) => b.requests - a.requests
    return { callers: callers.sort(busiest), callees: callees.sort(busiest) }
  }

  /** Writes all of it down; what could not be written stays for the next time. */
  save(): Promise<void> {
    this.#saving = this.#saving
      .then(() => this.#save())
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'traffic could not be written down'))
    return this.#saving
  }

  async #save(): Promise<void> {
    if (this.#savingLost !== undefined) await this.#saveLost()
    await this.#saveTokens()
    await this.#settleWriting()
    if (this.#unwritten.series.size === 0) return
    const { save, batch } = (this.#writing = { save: randomUUID(), batch: this.#unwritten })
    this.#unwritten = new Unwritten()
    const counts = [...batch.series.values()].flatMap((series) => this.#seen.get(keyOf(series)) ?? [])
    // A gateway that is away has forgotten what it counted, too.
    await this.#tellSaving({ run: this.#run, save, before: this.#lastSave, counts }).catch(() => {})
    await this.#parts.db.transaction(async (tx) => {
      const all = [...batch.series.values()]
      await this.#addUsage(tx, all)
      await this.#addCalled(tx, all)
      await addToHistory(tx, all)
      await tx
        .insert(facts)
        .values({ key: savedKey, value: save })
        .onConflictDoUpdate({ target: facts.key, set: { value: save } })
    })
    this.#written(save)
  }

  /** A save whose end was not seen has happened, or has not: the database knows. */
  async #settleWriting(): Promise<void> {
    if (this.#writing === undefined) return
    const { save, batch } = this.#writing
    if ((await this.#lastWritten()) === save) return this.#written(save)
    this.#unwritten.take(batch)
    this.#writing = undefined
    this.#writes++
  }

  #written(save: string): void {
    this.#lastSave = save
    this.#writing = undefined
    this.#writes++
  }

  async #lastWritten(): Promise<string | null> {
    const [fact] = await this.#parts.db.select().from(facts).where(eq(facts.key, savedKey))
    return typeof fact?.value === 'string' ? fact.value : null
  }

  async #addUsage(db: Transaction, all: readonly Series[]): Promise<void> {
    const rows = all
      .flatMap(({ serviceId, environmentId, caller, callerTeamId, slots }) => {
        const teamId = this.#parts.routing.table.services[serviceId]?.teamId ?? ''
        return [...Map.groupBy(slots, ([at]) => Math.floor(at / hourMs) * hourMs)].map(([hour, within]) => {
          const sum = (name: 'requests' | 'errors' | 'limited' | 'totalMs') =>
            within.reduce((total, [, slot]) => total + slot[name], 0)
          return {
            hour,
            teamId,
            serviceId,
            environmentId,
            caller,
            callerTeamId,
            requests: sum('requests'),
            errors: sum('errors'),
            totalMs: sum('totalMs'),
            limited: sum('limited'),
          }
        })
      })
      .filter(({ requests, limited }) => requests > 0 || limited > 0)
    for (const lot of lots(rows)) {
      await db
        .insert(usage)
        .values(lot)
        .onConflictDoUpdate({
          target: [usage.hour, usage.serviceId, usage.environmentId, usage.caller],
          set: {
            requests: sql`${usage.requests} + excluded.requests`,
            errors: sql`${usage.errors} + excluded.errors`,
            totalMs: sql`${usage.totalMs} + excluded.total_ms`,
            limited: sql`${usage.limited} + excluded.limited`,
          },
        })
    }
  }

  async #addCalled(db: Transaction, all: readonly Series[]): Promise<void> {
    const rows = new Map<string, typeof called.$inferInsert>()
    for (const { serviceId, caller, callerTeamId: teamId, endpoints, lastAt } of all) {
      for (const [endpoint, requests] of endpoints) {
        const key = JSON.stringify([serviceId, caller, teamId, endpoint])
        const known = rows.get(key)
        rows.set(key, {
          serviceId,
          caller,
          teamId,
          endpoint,
          requests: (known?.requests ?? 0) + requests,
          lastAt: Math.max(known?.lastAt ?? 0, lastAt),
        })
      }
    }
    for (const lot of lots([...rows.values()])) {
      await db
        .insert(called)
        .values(lot)
        .onConflictDoUpdate({
          target: [called.serviceId, called.caller, called.teamId, called.endpoint],
          set: {
            requests: sql`${called.requests} + excluded.requests`,
            lastAt: sql`greatest(${called.lastAt}, excluded.last_at)`,
          },
        })
    }
  }

  /** Team of a caller, as the gateway names callers; the empty string when it is not known. */
  #teamOf(caller: string, serviceId: string): string {
    const { services: known } = this.#parts.routing.table
    if (caller === 'person') return known[serviceId]?.teamId ?? ''
    return caller.startsWith('person/')
      ? caller.slice(7)
      : caller.startsWith('service/')
        ? (known[caller.slice(8)]?.teamId ?? '')
        : ''
  }

  /** After a start: who called whom in the last week, and what was lost. */
  async load(now = Date.now()): Promise<void> {
    const known = await this.#parts.db
      .select()
      .from(facts)
      .where(inArray(facts.key, [lostKey, savedKey]))
    this.lost.restore(known.find(({ key }) => key === lostKey)?.value)
    const saved = known.find(({ key }) => key === savedKey)?.value
    this.#lastSave = typeof saved === 'string' ? saved : null
    const rows = await this.#parts.db
      .select({ usage, serviceId: services.id })
      .from(usage)
      .innerJoin(services, eq(services.id, usage.serviceId))
      .where(and(gte(usage.hour, now - 7 * 24 * 3_600_000)))
    for (const { usage: row } of rows) {
      const key = `${row.environmentId}/${row.serviceId}`
      const callers = this.#callers.get(key) ?? new Map<string, number>()
      this.#callers.set(key, callers.set(row.caller, (callers.get(row.caller) ?? 0) + row.requests))
    }
  }

  async #saveTokens(): Promise<void> {
    if (this.#usedTokens.size === 0) return
    const used = new Map(this.#usedTokens)
    await noteUses(this.#parts.db, used)
    for (const [id, at] of used) if (this.#usedTokens.get(id) === at) this.#usedTokens.delete(id)
  }

  async #saveLost(): Promise<void> {
    clearTimeout(this.#savingLost)
    this.#savingLost = undefined
    const value = this.lost.kept()
    await this.#parts.db
      .insert(facts)
      .values({ key: lostKey, value })
      .onConflictDoUpdate({ target: facts.key, set: { value } })
      .catch((error: unknown) =>
        this.#parts.log.warn({ err: error }, 'calls that lost their environment could not be written down'),
      )
  }
}

const keyOf = ({ serviceId, environmentId, caller }: Of): string => `${environmentId}/${serviceId}/${caller}`

function* lots<T>(all: readonly T[]): Generator<T[]> {
  for (let from = 0; from < all.length; from += perStatement) yield all.slice(from, from + perStatement)
}
