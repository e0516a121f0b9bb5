import { expect, test } from 'vitest'
import type { LostCount } from '#contract/gateway-api.ts'
import { openDb } from '#db/open.ts'
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
