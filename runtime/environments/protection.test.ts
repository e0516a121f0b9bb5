import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Protection } from '#contract/protection.ts'
import { platformActor } from '#contract/rpc.ts'
import { startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform()
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

const telling = (text: string) => ({
  'index.js': `require('node:http').createServer((_, response) => response.end(${JSON.stringify(text)} + ' ' + process.env.KEY + ' ' + process.env.PLAIN)).listen(process.env.PORT, process.env.HOST)`,
})
const admins: Protection = {
  deploy: { role: 'admin', people: [] },
  secrets: { role: 'owner', people: [] },
  promote: { role: 'admin', people: [] },
}
const protect = (protection: Protection | null) =>
  platform.rpc.call('environments.protect', { environmentId: platform.production, protection })

async function serviceId(service: string): Promise<string> {
  return (await platform.rpc.call('access.resolve', { userId: null, team: 'crew', service })).serviceId ?? ''
}

test('a protection is shown with its people, said in the audit, and taken back', async () => {
  await protect({ ...admins, deploy: { role: 'admin', people: [platform.userId] } })
  const [production] = await platform.rpc.call('environments.list', { teamId: platform.teamId })
  expect(production?.protection).toEqual({
    deploy: {
      role: 'admin',
      people: [{ id: platform.userId, name: 'Ann', email: 'ann@example.com', unconfirmed: true }],
    },
    secrets: { role: 'owner', people: [] },
    promote: { role: 'admin', people: [] },
  })
  const { protected: guarded } = await platform.rpc.call('access.resolve', {
    userId: platform.userId,
    team: 'crew',
    environment: 'production',
  })
  expect(guarded).toMatchObject([
    { environment: 'production', protection: { deploy: { role: 'admin', people: [platform.userId] } } },
  ])
  await protect(null)
  const [entry, first] = await platform.rpc.call('audit.read', { teamId: platform.teamId, before: null, limit: 2 })
  expect(first).toMatchObject({
    action: 'environment.protect',
    target: 'environment production',
    before: null,
    after: { deploy: 'admin, ann@example.com', secrets: 'owner', promote: 'admin' },
  })
  expect(entry).toMatchObject({ action: 'environment.protect', after: null })
})

test('a deployment into a child stops when a secret of its protected parent is not for it, and says which', async () => {
  await platform.deploy('shop', telling('production'))
  const shop = await serviceId('shop')
  const inProduction = { serviceId: shop, environmentId: platform.production }
  await platform.rpc.call('variables.set', { ...inProduction, name: 'KEY', value: 'production-key', secret: true })
  await platform.rpc.call('variables.set', { ...inProduction, name: 'PLAIN', value: 'plain', secret: false })
  await protect(admins)
  const alice = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'alice',
    parentId: null,
    ownerId: platform.userId,
  })
  const inAlice = { serviceId: shop, environmentId: alice.id }
  expect(await platform.rpc.call('variables.list', inAlice)).toMatchObject([
    { name: 'KEY', state: 'withheld', from: 'production', value: null, secret: true },
    { name: 'PLAIN', state: 'set', from: 'production', value: 'plain' },
  ])
  const refused = await platform.deploy('shop', telling('alice'), alice.id)
  expect(refused).toMatchObject({
    state: 'failed',
    error: {
      code: 'not_in_this_state',
      message: expect.stringContaining('KEY') as string,
      fix: expect.stringContaining('m3o secret set shop KEY --env alice') as string,
    },
  })
  expect((await platform.call('shop', { 'm3o-environment': 'alice' })).servedBy).toMatch(/production$/)

  await platform.rpc.call('variables.set', { ...inAlice, name: 'KEY', value: 'alice-key', secret: true })
  expect(await platform.rpc.call('variables.list', inAlice)).toMatchObject([
    { name: 'KEY', state: 'set', from: 'alice', overrides: 'production' },
    { name: 'PLAIN' },
  ])
  expect(await platform.deploy('shop', telling('alice'), alice.id)).toMatchObject({ state: 'live' })
  expect((await platform.call('shop', { 'm3o-environment': 'alice' })).body).toBe('alice alice-key plain')
}, 60_000)

test('marked as inheritable, left out, or taken back: each is what an own copy then gets', async () => {
  const shop = await serviceId('shop')
  const bob = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'bob',
    parentId: null,
    ownerId: platform.userId,
  })
  const inBob = { serviceId: shop, environmentId: bob.id }
  const calls = { 'm3o-environment': 'bob' }
  await platform.rpc.call('variables.delete', { ...inBob, name: 'KEY' })
  expect(await platform.rpc.call('variables.list', inBob)).toMatchObject([
    { name: 'KEY', state: 'removed', overrides: 'production', secret: true },
    { name: 'PLAIN' },
  ])
  await platform.deploy('shop', telling('bob'), bob.id)
  expect((await platform.call('shop', calls)).body).toBe('bob undefined plain')

  await platform.rpc.call('variables.reset', { ...inBob, name: 'KEY' })
  await platform.rpc.call('variables.mark', {
    serviceId: shop,
    environmentId: platform.production,
    name: 'KEY',
    inheritable: true,
  })
  await platform.rpc.call('variables.set', { ...inBob, name: 'PLAIN', value: 'own', secret: false })
  await platform.deploy('shop', telling('bob'), bob.id)
  expect((await platform.call('shop', calls)).body).toBe('bob production-key own')

  // A new value for it changes nothing in that, until somebody says so.
  await platform.rpc.call('variables.set', {
    serviceId: shop,
    environmentId: platform.production,
    name: 'KEY',
    value: 'newer-key',
    secret: true,
  })
  expect(await platform.rpc.call('variables.list', inBob)).toMatchObject([
    { name: 'KEY', state: 'set', from: 'production', inheritable: true },
    { name: 'PLAIN', overrides: 'production' },
  ])
  await expect(platform.rpc.call('variables.reset', { ...inBob, name: 'KEY' })).rejects.toMatchObject({
    code: 'not_in_this_state',
  })
  await platform.rpc.call('variables.mark', {
    serviceId: shop,
    environmentId: platform.production,
    name: 'KEY',
    inheritable: false,
  })
  expect(
    await platform.rpc
      .call('deployments.restart', inBob, { actor: platformActor })
      .then(({ deploymentId }) => platform.settled(deploymentId)),
  ).toMatchObject({ state: 'failed', error: { code: 'not_in_this_state' } })
  expect((await platform.call('shop', calls)).body).toBe('bob production-key own')
}, 60_000)
