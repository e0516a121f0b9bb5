import { expect, test } from 'vitest'
import type { LostCount, TrafficCount } from '#contract/gateway-api.ts'
import { openDb } from '#db/open.ts'
import { called, usage } from '#db/schema.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import type { Platform } from '../platform.ts'
import { Traffic } from './traffic.ts'

test('calls that lost their environment are known after a restart of the runtime, with or without the gateway', async () => {
  await using database = await temporaryDatabase()
  await using opened = openDb(database.options, 2)
  const table = {
    environments: { production: { id: 'production', teamId: 't', name: 'production', formerNames: [], parentId: null, generation: 1, gone: null } },
    services: { orders: { id: 'orders', teamId: 't', name: 'orders', formerNames: [], audience: { kind: 'team' } } },
    releases: { 'production/orders': { environmentId: 'production', serviceId: 'orders', deploymentId: 'd', revision: 'abc1234', state: 'live', reason: null, instances: [] } },
  } as unknown as Platform['routing']['table']
  const start = async () => {
    // Of all that a runtime has, what traffic asks of it.
    const traffic = new Traffic({ db: opened.db, routing: { table }, events: { emit: () => {} }, places: { noteCalls: () => {} }, log: { warn: expect.unreachable } } as unknown as Platform)
    await traffic.load()
    return traffic
  }
  const at = { serviceId: 'orders', environmentId: 'production' }
  const now = Date.now()
  const lost = (calls: number, firstAt: number): LostCount => ({ serviceId: 'orders', environmentId: 'production', revision: 'abc1234', calleeId: 'stock', late: false, calls, firstAt, lastAt: now })

  const first = await start()
  expect(first.lost.of(at, table)).toBeNull()
  first.note([], [lost(3, now - 10)])
  await first.save()
  const second = await start()
  expect(second.lost.of(at, table)).toMatchObject({ calls: 3, callees: [{ service: 'a deleted service', calls: 3 }] })
  second.note([], [lost(4, now - 10)])
  expect(second.lost.of(at, table)).toMatchObject({ calls: 4 })
  await second.save()
  const third = await start()
  third.note([], [lost(4, now - 1)])
  await third.save()
  expect(third.lost.of(at, table)).toMatchObject({ calls: 8, firstAt: now - 10 })
})

test('what the gateway goes on counting is written down once, whatever starts anew between', async () => {
  await using database = await temporaryDatabase()
  await using opened = openDb(database.options, 2)
  const table = {
    teams: { t: { id: 't', name: 'demo' }, u: { id: 'u', name: 'web' } }, environments: {}, services: { orders: { id: 'orders', teamId: 't', name: 'orders', formerNames: [], audience: { kind: 'team' } } }, releases: {},
  } as unknown as Platform['routing']['table']
  let told: TrafficCount[] = []
  const start = () => new Traffic(
    { db: opened.db, routing: { table }, events: { emit: () => {} }, places: { noteCalls: () => {} }, log: { warn: expect.unreachable } } as unknown as Platform, async (counts) => void (told = counts),
  )
  const latency = (ms5: number) => Array.from({ length: 14 }, (_, index) => (index === 2 ? ms5 : 0))
  const count = (requests: number, limited = 0): TrafficCount => ({ serviceId: 'orders', environmentId: 'production', caller: 'person/u', requests, errors: 0, limited, endpoints: { Say: requests }, latency: latency(requests), totalMs: requests * 5, lastAt: Date.now() })
  const written = async () => (await opened.db.select().from(usage)).map(({ requests, limited, callerTeamId, totalMs }) => ({ requests, limited, callerTeamId, totalMs }))

  const first = start()
  first.note([count(10)], [])
  await first.save()
  expect(told).toMatchObject([{ requests: 10 }])
  // It is killed before it has written down the next two.
  first.note([count(12)], [])
  const second = start()
  second.note([count(15, 3)], [], told)
  await second.save()
  expect(await written()).toEqual([{ requests: 15, limited: 3, callerTeamId: 'u', totalMs: 75 }])
  expect((await opened.db.select().from(called)).map(({ endpoint, requests, teamId }) => ({ endpoint, requests, teamId }))).toEqual([{ endpoint: 'Say', requests: 15, teamId: 'u' }])
  // The gateway starts anew, and counts from nothing.
  second.note([count(2)], [], [])
  await second.save()
  expect(await written()).toMatchObject([{ requests: 17 }])
})
