import { expect, test } from 'vitest'
import type { LostCount, TrafficClaim, TrafficCount, TrafficNews } from '#contract/gateway-api.ts'
import { type Db, openDb } from '#db/open.ts'
import { called, metrics, teams, tokens, usage } from '#db/schema.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import type { Platform } from '../platform.ts'
import { activityIn, chartOf } from './charts.ts'
import { forgetHistory } from './history.ts'
import { Traffic } from './traffic.ts'

const news = (counts: TrafficCount[], more: Partial<TrafficNews> = {}): TrafficNews => ({
  run: 'one',
  counts,
  lost: [],
  ...more,
})

test('calls that lost their environment are known after a restart of the runtime, with or without the gateway', async () => {
  await using database = await temporaryDatabase()
  await using opened = openDb(database.options, 2)
  const table = {
    environments: {
      production: {
        id: 'production',
        teamId: 't',
        name: 'production',
        formerNames: [],
        parentId: null,
        generation: 1,
        gone: null,
      },
    },
    services: { orders: { id: 'orders', teamId: 't', name: 'orders', formerNames: [], audience: { kind: 'team' } } },
    releases: {
      'production/orders': {
        environmentId: 'production',
        serviceId: 'orders',
        deploymentId: 'd',
        revision: 'abc1234',
        state: 'live',
        reason: null,
        instances: [],
      },
    },
  } as unknown as Platform['routing']['table']
  const start = async () => {
    // Of all that a runtime has, what traffic asks of it.
    const traffic = new Traffic({
      db: opened.db,
      routing: { table },
      events: { emit: () => {} },
      places: { noteCalls: () => {} },
      log: { warn: expect.unreachable },
    } as unknown as Platform)
    await traffic.load()
    return traffic
  }
  const at = { serviceId: 'orders', environmentId: 'production' }
  const now = Date.now()
  const lost = (calls: number, firstAt: number): LostCount => ({
    serviceId: 'orders',
    environmentId: 'production',
    revision: 'abc1234',
    calleeId: 'stock',
    late: false,
    calls,
    firstAt,
    lastAt: now,
  })

  const first = await start()
  expect(first.lost.of(at, table)).toBeNull()
  first.note(news([], { lost: [lost(3, now - 10)] }))
  await first.save()
  const second = await start()
  expect(second.lost.of(at, table)).toMatchObject({ calls: 3, callees: [{ service: 'a deleted service', calls: 3 }] })
  second.note(news([], { lost: [lost(4, now - 10)] }))
  expect(second.lost.of(at, table)).toMatchObject({ calls: 4 })
  await second.save()
  const third = await start()
  third.note(news([], { lost: [lost(4, now - 1)] }))
  await third.save()
  expect(third.lost.of(at, table)).toMatchObject({ calls: 8, firstAt: now - 10 })
})

/** A gateway, as far as it is asked what is written. */
class Claims {
  saved: TrafficCount[] = []
  claim: TrafficClaim | null = null
  note({ save, before, counts }: TrafficClaim): void {
    if (this.claim !== null && this.claim.save === before) this.saved = this.claim.counts
    this.claim = { save, before, counts }
  }
}

async function world() {
  const database = await temporaryDatabase()
  const opened = openDb(database.options, 2)
  const table = {
    teams: { t: { id: 't', name: 'demo' }, u: { id: 'u', name: 'web' } },
    environments: {
      production: { id: 'production', teamId: 't', name: 'production' },
      alice: { id: 'alice', teamId: 't', name: 'alice' },
    },
    services: { orders: { id: 'orders', teamId: 't', name: 'orders', formerNames: [], audience: { kind: 'team' } } },
    releases: {},
  } as unknown as Platform['routing']['table']
  const warnings: unknown[] = []
  const start = async (claims: Claims, db: unknown = opened.db) => {
    const parts = {
      db,
      routing: { table },
      events: { emit: () => {} },
      places: { noteCalls: () => {} },
      log: { warn: (warning: unknown) => void warnings.push(warning) },
    }
    const traffic = new Traffic(parts as unknown as Platform, async (claim) => claims.note(claim))
    await traffic.load()
    return traffic
  }
  const written = async () =>
    (await opened.db.select().from(usage)).map(({ requests, limited, callerTeamId, totalMs }) => ({
      requests,
      limited,
      callerTeamId,
      totalMs,
    }))
  return {
    db: opened.db,
    table,
    start,
    written,
    warnings,
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

const latency = (ms5: number) => Array.from({ length: 14 }, (_, index) => (index === 2 ? ms5 : 0))
const count = (requests: number, more: Partial<TrafficCount> = {}): TrafficCount => ({
  serviceId: 'orders',
  environmentId: 'production',
  caller: 'person/u',
  requests,
  errors: 0,
  limited: 0,
  endpoints: { Say: requests },
  latency: latency(requests),
  totalMs: requests * 5,
  busyMs: requests * 6,
  inFlight: 0,
  lastAt: Date.now(),
  ...more,
})
const chart = (
  traffic: Traffic,
  table: Platform['routing']['table'],
  more: Partial<Parameters<typeof chartOf>[3]> = {},
  now?: number,
) =>
  chartOf(
    traffic,
    table,
    { serviceId: 'orders', environmentId: 'production' },
    { range: '1h', by: 'all', environmentIds: ['production', 'alice'], ...more },
    now,
  )

test('what the gateway goes on counting is written down once, whatever starts anew between', async () => {
  await using at = await world()
  const claims = new Claims()
  const first = await at.start(claims)
  first.note(news([count(10)]))
  await first.save()
  expect(claims.claim?.counts).toMatchObject([{ requests: 10 }])
  // It is killed before it has written down the next two.
  first.note(news([count(12)]))
  const second = await at.start(claims)
  second.note(news([count(15, { limited: 3 })], { saved: { counts: claims.saved, claim: claims.claim } }))
  await second.save()
  expect(await at.written()).toEqual([{ requests: 15, limited: 3, callerTeamId: 'u', totalMs: 75 }])
  expect(
    (await at.db.select().from(called)).map(({ endpoint, requests, teamId }) => ({ endpoint, requests, teamId })),
  ).toEqual([{ endpoint: 'Say', requests: 15, teamId: 'u' }])
  // The gateway starts anew, and counts from nothing: past where the one before was, even.
  second.note(news([count(16)], { run: 'two', saved: { counts: [], claim: null } }))
  await second.save()
  expect(await at.written()).toMatchObject([{ requests: 31 }])
  expect((await chart(second, at.table)).curves.map(({ total }) => total.requests)).toEqual([31])
  expect(at.warnings).toEqual([])
})

test('a token that is used for calls alone is known to be used', async () => {
  await using at = await world()
  await at.db.insert(teams).values({ id: 't', name: 'demo', createdAt: 1 })
  const token = (id: string, lastUsedAt: number | null) => ({
    id,
    teamId: 't',
    role: 'developer' as const,
    name: id,
    hash: id,
    scope: {},
    createdAt: 1,
    lastUsedAt,
  })
  await at.db.insert(tokens).values([token('unused', null), token('new', null), token('known', 5_000)])
  const traffic = await at.start(new Claims())
  traffic.note(news([], { tokens: { new: 3_000, known: 4_000, 'a deleted one': 4_000 } }))
  traffic.note(news([], { tokens: { new: 6_000 } }))
  await traffic.save()
  expect(at.warnings).toEqual([])
  expect(Object.fromEntries((await at.db.select().from(tokens)).map(({ id, lastUsedAt }) => [id, lastUsedAt]))).toEqual(
    { unused: null, new: 6_000, known: 5_000 },
  )
})

test('a runtime that is killed between its transaction and anything else, or in it, counts nothing twice', async () => {
  await using at = await world()
  for (const ends of ['before', 'after'] as const) {
    const claims = new Claims()
    // From the outside, a connection that is lost while it commits looks the same in both.
    const torn = new Proxy(at.db, {
      get: (db, name, self) =>
        name !== 'transaction'
          ? (Reflect.get(db, name, self) as unknown)
          : async (run: Parameters<Db['transaction']>[0]) => {
              if (ends === 'after') await db.transaction(run)
              throw new Error('connection lost')
            },
    })
    const first = await at.start(claims, torn)
    first.note(news([count(10)], { run: ends }))
    await first.save()
    const restarted = await at.start(claims)
    restarted.note(news([count(11)], { run: ends, saved: { counts: claims.saved, claim: claims.claim } }))
    await restarted.save()
    expect(await at.written(), ends).toMatchObject([{ requests: 11 }])
    await at.db.delete(usage)
  }
  expect(at.warnings).toHaveLength(2)
})

test('while the database is away everything is counted and shown, and written once it is back', async () => {
  await using at = await world()
  let away = true
  const claims = new Claims()
  const db = new Proxy(at.db, {
    get: (target, name, self) =>
      name === 'transaction' && away
        ? () => Promise.reject(new Error('it is away'))
        : (Reflect.get(target, name, self) as unknown),
  })
  const traffic = await at.start(claims, db)
  traffic.note(news([count(1)]))
  await traffic.save()
  traffic.note(news([count(3)]))
  await traffic.save()
  expect((await chart(traffic, at.table)).curves[0]?.total.requests).toBe(3)
  away = false
  await traffic.save()
  expect(await at.written()).toMatchObject([{ requests: 3 }])
  expect((await chart(traffic, at.table)).curves[0]?.total.requests).toBe(3)
})

test('curves: by environment, by caller, of a month; with what is under way', async () => {
  await using at = await world()
  const traffic = await at.start(new Claims())
  const now = Date.UTC(2026, 4, 20, 12, 0, 5)
  const counts = [
    count(100, { caller: 'person' }),
    count(40, { caller: 'service/orders', errors: 4, inFlight: 2, busyMs: 20_000 }),
    count(7, { environmentId: 'alice', caller: 'person' }),
  ]
  traffic.note(news(counts), now - 20 * 24 * 3_600_000)
  await traffic.save()
  traffic.note(
    news(
      counts.map((each) => ({
        ...each,
        requests: each.requests + 10,
        latency: latency(each.requests + 10),
        busyMs: each.busyMs + 30_000,
      })),
    ),
    now,
  )
  const names = async (by: 'all' | 'environment' | 'caller') =>
    (await chart(traffic, at.table, { range: '30d', by }, now)).curves.map(({ name, total: { requests, errors } }) => ({
      name,
      requests,
      errors,
    }))
  expect(await names('all')).toEqual([{ name: '', requests: 160, errors: 4 }])
  expect(await names('environment')).toEqual([
    { name: 'production', requests: 160, errors: 4 },
    { name: 'alice', requests: 17, errors: 0 },
  ])
  expect(await names('caller')).toEqual([
    { name: 'person', requests: 110, errors: 0 },
    { name: 'orders', requests: 50, errors: 4 },
  ])
  const hour = await chart(traffic, at.table, {}, now)
  expect(hour.inFlight).toBe(2)
  expect(hour.curves[0]).toMatchObject({ total: { requests: 20 } })
  expect(hour.curves[0]?.busyMs.at(-1)).toBe(60_000)
  expect(hour.curves[0]?.p50.at(-1)).toBeCloseTo(3.5)
  expect(await activityIn(traffic, { environmentId: 'alice' }, now)).toMatchObject([{ serviceId: 'orders', errors: 0 }])
  await traffic.save()
  expect(await names('caller')).toEqual([
    { name: 'person', requests: 110, errors: 0 },
    { name: 'orders', requests: 50, errors: 4 },
  ])
  await forgetHistory(at.db, now)
  expect((await at.db.select().from(metrics)).map(({ seconds }) => seconds).sort()).toEqual([
    10, 10, 10, 3600, 3600, 3600, 3600, 3600, 3600, 60, 60, 60,
  ])
  expect(await names('all')).toEqual([{ name: '', requests: 160, errors: 4 }])
  await forgetHistory(at.db, now + 40 * 24 * 3_600_000)
  expect(await at.db.select().from(metrics)).toEqual([])
})
