import { expect, test } from 'vitest'
import type { LostCount } from '#contract/gateway-api.ts'
import { LostContexts } from './lost-context.ts'

const environment = (id: string, parentId: string | null) => ({
  id,
  teamId: 't',
  name: id,
  formerNames: [],
  parentId,
  generation: 1,
  gone: null,
})
const service = (id: string) => ({ id, teamId: 't', name: id, formerNames: [], audience: { kind: 'team' as const } })
const release = (revision: string) => ({
  environmentId: 'production',
  serviceId: 'orders',
  deploymentId: 'd',
  revision,
  state: 'live' as const,
  reason: null,
  instances: [],
})
const table = {
  environments: { production: environment('production', null), alice: environment('alice', 'production') },
  services: { orders: service('orders'), stock: service('stock') },
  releases: { 'production/orders': release('abc1234') },
}
const lost = (calls: number, more: Partial<LostCount> = {}): LostCount => ({
  serviceId: 'orders',
  environmentId: 'production',
  revision: 'abc1234',
  calleeId: 'stock',
  late: false,
  calls,
  firstAt: 5,
  lastAt: 5,
  ...more,
})

test('it is told of the revision that serves, wherever that is inherited', () => {
  const contexts = new LostContexts()
  contexts.note([lost(2), lost(3, { calleeId: 'gone', firstAt: 6, lastAt: 9 }), lost(7, { revision: 'older00' })])
  const expected = {
    environment: 'production',
    revision: 'abc1234',
    calls: 5,
    firstAt: 5,
    lastAt: 9,
    callees: [
      { service: 'a deleted service', calls: 3 },
      { service: 'stock', calls: 2 },
    ],
  }
  expect(contexts.of({ serviceId: 'orders', environmentId: 'production' }, table)).toEqual(expected)
  expect(contexts.of({ serviceId: 'orders', environmentId: 'alice' }, table)).toEqual(expected)
  expect(contexts.of({ serviceId: 'stock', environmentId: 'alice' }, table)).toBeNull()
  expect(contexts.of({ serviceId: 'orders', environmentId: 'alice' }, table, true)).toBeNull()
  contexts.note([lost(4, { late: true })])
  expect(contexts.of({ serviceId: 'orders', environmentId: 'alice' }, table, true)).toMatchObject({ calls: 4 })
  expect(contexts.of({ serviceId: 'orders', environmentId: 'alice' }, table)).toEqual(expected)
  expect(
    contexts.of(
      { serviceId: 'orders', environmentId: 'production' },
      { ...table, releases: { 'production/orders': release('newer00') } },
    ),
  ).toBeNull()
})

test('a restarted gateway counts from nothing, and nothing is forgotten or counted twice', () => {
  const contexts = new LostContexts()
  const calls = () => contexts.of({ serviceId: 'orders', environmentId: 'production' }, table)?.calls
  contexts.note([lost(4)])
  contexts.note([lost(6)])
  expect(calls()).toBe(6)
  contexts.note([lost(8, { firstAt: 7 })])
  expect(calls()).toBe(14)
  contexts.note([lost(9, { firstAt: 7 })])
  expect(calls()).toBe(15)
})

test('neither is it when the runtime was restarted, alone or with the gateway, and after a week without another it is', () => {
  const before = new LostContexts()
  before.note([lost(4)])
  const kept: unknown = JSON.parse(JSON.stringify(before.kept(6)))
  const after = (counts: LostCount[]) => {
    const contexts = new LostContexts()
    contexts.restore(kept)
    contexts.note(counts)
    return contexts.of({ serviceId: 'orders', environmentId: 'production' }, table)
  }
  expect(after([])).toMatchObject({ calls: 4, firstAt: 5 })
  expect(after([lost(5)])).toMatchObject({ calls: 5, firstAt: 5 })
  expect(after([lost(5, { firstAt: 8, lastAt: 8 })])).toMatchObject({ calls: 9, firstAt: 5, lastAt: 8 })
  expect(before.kept(8 * 24 * 3_600_000)).toEqual([])
  const contexts = new LostContexts()
  for (const nonsense of [undefined, null, 'x', [{ calls: 'y' }]]) contexts.restore(nonsense)
  expect(contexts.kept(6)).toEqual([])
})
