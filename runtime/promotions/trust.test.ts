import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Protection } from '#contract/protection.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

let platform: TestPlatform
let alice: string
beforeAll(async () => {
  platform = await startPlatform()
  alice = (
    await platform.rpc.call('environments.create', {
      teamId: platform.teamId,
      name: 'alice',
      parentId: null,
      ownerId: platform.userId,
    })
  ).id
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

const owners = (): Protection => ({
  deploy: { role: 'owner', people: [] },
  secrets: { role: 'viewer', people: [] },
  promote: { role: 'owner', people: [] },
})
const protect = (environmentId: string, protection: Protection | null) =>
  platform.rpc.call('environments.protect', { environmentId, protection })
const body = async (service: string, environment = 'production') =>
  (await platform.call(service, { 'm3o-environment': environment })).body
const idOf = async (service: string) =>
  (await platform.rpc.call('access.resolve', { userId: null, team: 'crew', service })).serviceId ?? ''

async function promote(service: string) {
  const { generation } = await platform.rpc.call('environments.diff', { environmentId: alice, againstId: null })
  const { promotionId } = await platform.rpc.call('promotions.start', {
    environmentId: alice,
    serviceIds: [await idOf(service)],
    generation,
    route: 'console',
  })
  for (;;) {
    const promotion = await platform.rpc.call('promotions.get', { promotionId })
    if (promotion.endedAt !== null) return promotion
    await delay(15)
  }
}

async function builtIn(environmentId: string, service: string): Promise<string[]> {
  const { entries } = await platform.rpc.call('logs.read', {
    targets: [{ serviceId: await idOf(service), environmentId }],
    query: { limit: 200, stream: ['build'] },
  })
  return entries.flatMap((entry) => ('text' in entry ? entry.text.split('\n') : []))
}

/** Each answers how often the class has built something. */
const counting = {
  ...answering(''),
  'index.js':
    "const n = require('fs').readFileSync('n.txt', 'utf8').trim()\nrequire('node:http').createServer((_, response) => response.end(n)).listen(process.env.PORT, process.env.HOST)\n",
}
const built = (note: string) => ({
  ...counting,
  'notes.md': note,
  'm3o.json': JSON.stringify({ build: 'echo x >>/downloads/n; wc -l </downloads/n >n.txt' }),
})

test('what an own environment built is built again for a protected one, within the promotion; what no tool built is moved as it is', async () => {
  await platform.deploy('counted', built('1'), alice)
  await platform.deploy('counted', built('2'), alice)
  await platform.deploy('plain', answering('as it is'), alice)
  expect(await body('counted', 'alice')).toBe('2')
  await protect(platform.production, owners())
  const promotion = await promote('counted')
  expect(promotion).toMatchObject({ state: 'live', error: null })
  expect(await body('counted')).toBe('1')
  const { phases } = await platform.rpc.call('deployments.get', {
    deploymentId: promotion.services[0]?.deploymentId ?? '',
  })
  expect(phases.map(({ name }) => name)).toEqual(['queued', 'building', 'starting', 'checking', 'switching'])
  expect(await builtIn(platform.production, 'counted')).toEqual([
    expect.stringMatching(/^building [0-9a-f]{7} again here: builds of less trusted environments are not used$/),
    expect.stringMatching(/^building: /),
  ])
  expect(await promote('plain')).toMatchObject({ state: 'live' })
  expect([await body('plain'), await builtIn(platform.production, 'plain')]).toEqual(['as it is', []])
}, 60_000)

test('what ran before an environment was protected runs on, and a restart or a return to it is built again', async () => {
  await protect(platform.production, null)
  await platform.deploy('early', built('early'))
  await platform.deploy('early', built('later'))
  const before = await body('early')
  await protect(platform.production, { ...owners(), promote: { role: 'admin', people: [] } })
  expect(await body('early')).toBe(before)
  const restart = await platform.rpc.call('deployments.restart', {
    serviceId: await idOf('early'),
    environmentId: platform.production,
  })
  expect((await platform.settled(restart.deploymentId)).state).toBe('live')
  expect(await body('early')).toBe('1')
  const back = await platform.rpc.call('deployments.rollback', {
    serviceId: await idOf('early'),
    environmentId: platform.production,
    to: null,
  })
  expect((await platform.settled(back.deploymentId)).state).toBe('live')
  expect(await body('early')).toBe('2')
}, 60_000)

test('a protected environment that is pinned gets builds of its own of what its parent has', async () => {
  await protect(platform.production, null)
  // Pinning builds each service once: fewer than have been built here.
  for (const note of ['a', 'b', 'c']) await platform.deploy('pinned', built(note))
  const { id } = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'vault',
    parentId: null,
    ownerId: platform.userId,
  })
  await protect(id, owners())
  await platform.rpc.call('environments.pin', { environmentId: id })
  expect(await builtIn(id, 'pinned')).toContainEqual(expect.stringMatching(/^building: /))
  expect(Number(await body('pinned', 'vault'))).toBeLessThan(Number(await body('pinned')))
}, 60_000)
