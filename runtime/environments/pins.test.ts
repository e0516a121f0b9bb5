import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Environment } from '#contract/records.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

let platform: TestPlatform
let alice: Environment
const inAlice = { 'm3o-environment': 'alice' }
beforeAll(async () => {
  platform = await startPlatform()
  for (const service of ['one', 'two', 'own']) await platform.deploy(service, answering(`${service} of then`))
  alice = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'alice',
    parentId: null,
    ownerId: platform.userId,
  })
  await platform.deploy('own', answering('own of alice'), alice.id)
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

const running = async () => (await platform.rpc.call('platform.status', {})).counts.instances
const seen = async () =>
  (await platform.rpc.call('environments.list', { teamId: platform.teamId })).find(({ name }) => name === 'alice')
async function at(service: string) {
  const { serviceId } = await platform.rpc.call('access.resolve', { userId: null, team: 'crew', service })
  return { serviceId: serviceId ?? '', environmentId: alice.id }
}

test('pinned, it keeps what its parent had; nothing starts until it is called', async () => {
  const before = await running()
  expect(await platform.rpc.call('environments.pin', { environmentId: alice.id })).toEqual({
    services: 2,
    following: [],
  })
  expect(await running()).toBe(before)
  expect(await seen()).toMatchObject({ pinned: { services: 2 }, overrides: [{ service: 'own' }] })
  const then = await platform.rpc.call('services.get', await at('one'))
  expect(then).toMatchObject({ from: 'alice', pinned: true, state: 'asleep', pending: false })
  await platform.deploy('one', answering('one of now'))
  expect((await platform.call('one')).body).toBe('one of now')
  expect(await platform.call('one', inAlice)).toEqual({
    status: 200,
    body: 'one of then',
    servedBy: `one@${then.revision} alice`,
  })
  expect((await platform.rpc.call('services.get', await at('one'))).instances).toHaveLength(1)
  expect((await platform.rpc.call('services.get', await at('two'))).instances).toHaveLength(0)
  expect((await platform.call('own', inAlice)).body).toBe('own of alice')
  // A team's list is of what people deployed.
  expect(
    (await platform.rpc.call('deployments.list', { teamId: platform.teamId, before: null, limit: 50 })).map(
      ({ kind }) => kind,
    ),
  ).not.toContain('pin')
}, 60_000)

test('pins outlive the runtime, and what wakes is the revision of then', async () => {
  await platform.runtime.killAndStartAgain()
  await platform.deploy('two', answering('two of now'))
  expect((await platform.call('two', inAlice)).body).toBe('two of then')
  expect(await seen()).toMatchObject({ pinned: { services: 2 } })
}, 60_000)

test('what is deployed into it is its own; reset, it is its parent’s of now, and stays so', async () => {
  await platform.deploy('one', answering('one of alice'), alice.id)
  expect((await platform.call('one', inAlice)).body).toBe('one of alice')
  expect(await seen()).toMatchObject({ pinned: { services: 1 }, overrides: [{ service: 'one' }, { service: 'own' }] })
  await platform.rpc.call('environments.reset', await at('one'))
  expect((await platform.call('one', inAlice)).body).toBe('one of now')
  await platform.deploy('one', answering('one of later'))
  expect((await platform.call('one', inAlice)).body).toBe('one of now')
}, 60_000)

test('pinned again, it has what its parent has by then', async () => {
  expect(await platform.rpc.call('environments.pin', { environmentId: alice.id })).toMatchObject({ services: 2 })
  expect((await platform.call('one', inAlice)).body).toBe('one of later')
  expect((await platform.call('two', inAlice)).body).toBe('two of now')
}, 60_000)

test('restarted, a pinned copy stays one, and rolled back over a deployment it is what it was', async () => {
  const one = await at('one')
  expect(await platform.settled((await platform.rpc.call('deployments.restart', one)).deploymentId)).toMatchObject({
    state: 'live',
  })
  expect(await platform.rpc.call('services.get', one)).toMatchObject({ pinned: true })
  await platform.deploy('one', answering('one of alice'), alice.id)
  expect(
    await platform.settled((await platform.rpc.call('deployments.rollback', { ...one, to: null })).deploymentId),
  ).toMatchObject({ state: 'live' })
  expect((await platform.call('one', inAlice)).body).toBe('one of later')
}, 60_000)

test('a service that keeps data goes on as its parent’s, which is said', async () => {
  await platform.deploy('store', {
    'index.js': `process.env.M3O_DATA; require('node:http').createServer((_, response) => response.end('store')).listen(process.env.PORT, process.env.HOST)`,
  })
  const { following } = await platform.rpc.call('environments.pin', { environmentId: alice.id })
  expect(following).toEqual([{ service: 'store', why: 'it keeps its data in production' }])
  expect((await platform.call('store', inAlice)).servedBy).toMatch(/production$/)
}, 60_000)

test('unpinned, it follows again, own copies stay', async () => {
  await platform.rpc.call('environments.unpin', { environmentId: alice.id })
  await platform.deploy('two', answering('two of the end'))
  expect((await platform.call('two', inAlice)).body).toBe('two of the end')
  expect((await platform.call('own', inAlice)).body).toBe('own of alice')
  expect(await seen()).toMatchObject({ pinned: null })
  await expect(platform.rpc.call('environments.unpin', { environmentId: alice.id })).rejects.toMatchObject({
    code: 'not_in_this_state',
  })
  await expect(platform.rpc.call('environments.pin', { environmentId: platform.production })).rejects.toMatchObject({
    code: 'not_in_this_state',
  })
}, 60_000)

test('a pin that would lack secrets of a protected parent is refused whole', async () => {
  const two = { ...(await at('two')), environmentId: platform.production }
  await platform.rpc.call('variables.set', { ...two, name: 'KEY', value: 'x', secret: true })
  const anyone = { role: 'viewer' as const, people: [] }
  await platform.rpc.call('environments.protect', {
    environmentId: platform.production,
    protection: { deploy: anyone, secrets: anyone, promote: anyone },
  })
  await expect(platform.rpc.call('environments.pin', { environmentId: alice.id })).rejects.toMatchObject({
    code: 'not_in_this_state',
    data: { missing: [{ service: 'two', name: 'KEY', from: 'production' }] },
  })
  expect(await seen()).toMatchObject({ pinned: null })
}, 60_000)
