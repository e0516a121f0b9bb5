import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { platformActor } from '#contract/rpc.ts'
import { newId } from '#contract/ids.ts'
import { members, services, users } from '#db/schema.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'
import { until } from '#e2e/stack/until.ts'

let platform: TestPlatform
const dev = newId('user')

beforeAll(async () => {
  platform = await startPlatform()
  await platform.db.insert(users).values({ id: dev, email: 'dev@example.com', name: 'Dev', createdAt: Date.now() })
  await platform.db
    .insert(members)
    .values({ teamId: platform.teamId, userId: dev, role: 'developer', createdAt: Date.now() })
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

const saying = (manifest: object, files = answering('fine')) => ({ ...files, 'm3o.json': JSON.stringify(manifest) })
const idOf = async (service: string) =>
  (await platform.rpc.call('access.resolve', { userId: null, team: 'crew', service })).serviceId ?? ''
const shown = async (service: string) => {
  const [row] = await platform.db
    .select({ audience: services.audience, ownerId: services.ownerId })
    .from(services)
    .where(eq(services.id, await idOf(service)))
  return row
}
const audience = async (service: string) => (await shown(service))?.audience.kind
/** By anyone, without a token. */
const called = async (service: string) =>
  (await fetch(`http://127.0.0.1:${platform.gatewayPort}/v1/@crew/${service}/x`)).status
const as = (id: string) => ({ actor: { ...platformActor, kind: 'person' as const, id, name: id } })
const rollback = async (service: string, id = platform.userId) =>
  platform.settled(
    (
      await platform.rpc.call(
        'deployments.rollback',
        { serviceId: await idOf(service), environmentId: platform.production, to: null },
        as(id),
      )
    ).deploymentId,
  )

test('a revision that never becomes live declares nothing', async () => {
  await platform.deploy('shy', answering('shy'))
  const failed = await platform.deploy(
    'shy',
    saying({ audience: 'anyone', owner: 'dev@example.com' }, { 'index.js': 'process.exit(3)' }),
  )
  expect(failed.state).toBe('failed')
  expect(await shown('shy')).toEqual({ audience: { kind: 'team' }, ownerId: platform.userId })
  expect(await called('shy')).toBe(401)
})

test('what it declares begins with the switch, and goes with the revision: by a revert, a rollback, a revision that says nothing', async () => {
  const crashing = answering('boom', 'setTimeout(() => process.exit(7), 1500)')
  await platform.deploy('bold', answering('bold'))
  expect(
    (await platform.deploy('bold', saying({ audience: 'anyone', owner: 'dev@example.com' }, crashing))).state,
  ).toBe('live')
  expect(await shown('bold')).toEqual({ audience: { kind: 'anyone' }, ownerId: dev })
  expect(await called('bold')).toBe(200)
  await until('it is reverted', async () => (await audience('bold')) === 'team', { everyMs: 50 })
  expect(await shown('bold')).toEqual({ audience: { kind: 'team' }, ownerId: platform.userId })
  expect(await called('bold')).toBe(401)

  await platform.deploy('bold', saying({ audience: 'platform' }))
  expect(await audience('bold')).toBe('platform')
  expect((await rollback('bold')).state).toBe('live')
  expect(await audience('bold')).toBe('team')
  await platform.deploy('bold', saying({ audience: 'anyone' }))
  await platform.deploy('bold', answering('says nothing'))
  expect(await audience('bold')).toBe('team')
}, 60_000)

test('what a person has chosen since is not lost by going back', async () => {
  await platform.deploy('kept', saying({ audience: 'platform' }))
  await platform.deploy('kept', saying({ audience: 'anyone' }))
  await platform.rpc.call(
    'services.update',
    { serviceId: await idOf('kept'), audience: { kind: 'team' } },
    as(platform.userId),
  )
  expect((await rollback('kept')).state).toBe('live')
  expect(await audience('kept')).toBe('team')
  // What was chosen holds where the live revision says nothing.
  await platform.deploy('kept', saying({ audience: 'platform' }))
  expect(await audience('kept')).toBe('platform')
  await platform.deploy('kept', answering('says nothing'))
  expect(await audience('kept')).toBe('team')
}, 60_000)

test('a promotion that is taken back takes back what it declared', async () => {
  await platform.deploy('moved', answering('moved'))
  const child = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'child',
    parentId: null,
    ownerId: platform.userId,
  })
  await platform.deploy('moved', saying({ audience: 'anyone' }), child.id)
  await platform.deploy('fresh', saying({ audience: 'platform' }), child.id)
  expect([await audience('moved'), await audience('fresh')]).toEqual(['team', 'team'])
  const ended = async ({ promotionId }: { promotionId: string }) =>
    until(
      'it has ended',
      async () => {
        const now = await platform.rpc.call('promotions.get', { promotionId })
        return now.endedAt !== null && now
      },
      { everyMs: 20 },
    )
  const { id, state } = await ended(
    await platform.rpc.call(
      'promotions.start',
      { environmentId: child.id, serviceIds: null, generation: null, route: 'cli' },
      as(platform.userId),
    ),
  )
  expect([state, await audience('moved'), await audience('fresh')]).toEqual(['live', 'anyone', 'platform'])
  expect(
    (await ended(await platform.rpc.call('promotions.undo', { promotionId: id, route: 'cli' }, as(platform.userId))))
      .state,
  ).toBe('live')
  expect([await audience('moved'), await audience('fresh')]).toEqual(['team', 'team'])
}, 60_000)

test('whoever may not share does not by m3o.json: not to other teams instead of those before, not by rolling back, not by a token for deploying', async () => {
  const [a, b, mine] = await Promise.all(
    ['team-a', 'team-b', 'team-mine'].map((name) => platform.rpc.call('teams.create', { name, ownerId: dev })),
  )
  await platform.deploy('shared', saying({ audience: ['team-a', 'team-b'] }))
  expect((await shown('shared'))?.audience).toEqual({ kind: 'teams', teams: [a?.id, b?.id].sort() })
  const asked = async (manifest: object, actor: ReturnType<typeof as>) => {
    const { commit } = await platform.deploy('shared', saying(manifest), child.id)
    return platform.settled(
      (
        await platform.rpc.call(
          'deployments.start',
          { serviceId: await idOf('shared'), environmentId: platform.production, what: { commit }, route: 'cli' },
          actor,
        )
      ).deploymentId,
    )
  }
  const child = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'try',
    parentId: null,
    ownerId: platform.userId,
  })
  expect(await asked({ audience: ['team-mine'] }, as(dev))).toMatchObject({
    state: 'failed',
    error: { code: 'forbidden' },
  })
  expect((await shown('shared'))?.audience).toEqual({ kind: 'teams', teams: [a?.id, b?.id].sort() })
  expect(await asked({ audience: ['team-b'] }, as(dev))).toMatchObject({ state: 'live' })
  expect(await rollback('shared', dev)).toMatchObject({ state: 'failed', error: { code: 'forbidden' } })
  const token = await platform.rpc.call('tokens.create', {
    teamId: platform.teamId,
    userId: platform.userId,
    name: 'deploys',
    scope: { actions: ['service.deploy'] },
    environmentId: null,
    expiresAt: null,
  })
  const byToken = { actor: { ...as(platform.userId).actor, tokenId: token.id } }
  expect(await asked({ audience: ['team-mine'] }, byToken)).toMatchObject({
    state: 'failed',
    error: { code: 'forbidden' },
  })
  expect(await asked({ audience: ['team-mine'] }, as(platform.userId))).toMatchObject({ state: 'live' })
  expect((await shown('shared'))?.audience).toEqual({ kind: 'teams', teams: [mine?.id] })
}, 60_000)
