import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Protection } from '#contract/protection.ts'
import { platformActor } from '#contract/rpc.ts'
import { startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

/** `front` calls `pay` with its key; `dx` is an environment on production, whose `pay` tells what it was given. */
const front = {
  'index.js': `require('node:http').createServer(async (request, response) => {
  const { baggage, traceparent } = request.headers
  const answer = await fetch(process.env.M3O_GATEWAY + '/pay/charge', { headers: { baggage, traceparent, 'x-key': process.env.KEY ?? 'none' } })
  response.end(await answer.text())
}).listen(process.env.PORT, process.env.HOST)`,
}
const pay = (name: string) => ({
  'index.js': `require('node:http').createServer((request, response) => response.end('${name} got ' + request.headers['x-key'])).listen(process.env.PORT, process.env.HOST)`,
})
const admins: Protection = {
  deploy: { role: 'admin', people: [] },
  secrets: { role: 'owner', people: [] },
  promote: { role: 'admin', people: [] },
}

let platform: TestPlatform
let at: { serviceId: string; environmentId: string }
let dx: string
beforeAll(async () => {
  platform = await startPlatform()
  await platform.deploy('front', front)
  await platform.deploy('pay', pay('production'))
  at = {
    serviceId:
      (await platform.rpc.call('access.resolve', { userId: null, team: 'crew', service: 'front' })).serviceId ?? '',
    environmentId: platform.production,
  }
  dx = (
    await platform.rpc.call('environments.create', {
      teamId: platform.teamId,
      name: 'dx',
      parentId: null,
      ownerId: platform.userId,
    })
  ).id
  await platform.deploy('pay', pay('dx'), dx)
}, 90_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

const protect = (protection: Protection | null) =>
  platform.rpc.call('environments.protect', { environmentId: platform.production, protection })
const secret = (value: string) => platform.rpc.call('variables.set', { ...at, name: 'KEY', value, secret: true })
const mark = (inheritable: boolean) => platform.rpc.call('variables.mark', { ...at, name: 'KEY', inheritable })
const restart = async () =>
  expect(
    await platform.rpc
      .call('deployments.restart', at, { actor: platformActor })
      .then(({ deploymentId }) => platform.settled(deploymentId)),
  ).toMatchObject({ state: 'live' })
const inDx = async () => (await platform.call('front', { 'm3o-environment': 'dx' })).body
const refused = expect.stringContaining(
  'front in production has secrets of the protected environment production: it does not serve calls made in dx',
) as string
const unreachable = async () =>
  (await platform.rpc.call('environments.diff', { environmentId: dx, againstId: null })).unreachable.map(
    ({ service, from, keeper }) => ({ service, from, keeper }),
  )

test('a key of protected production never comes to an override; what counts is what runs', async () => {
  await secret('first')
  await protect(admins)
  // It was started before the key was set.
  expect(await inDx()).toBe('dx got none')
  expect(await unreachable()).toEqual([])
  await restart()
  expect(await inDx()).toEqual(refused)
  expect(await unreachable()).toEqual([{ service: 'front', from: 'production', keeper: 'production' }])
  expect((await platform.call('front')).body).toBe('production got first')

  await mark(true)
  expect(await inDx()).toBe('dx got first')
  await mark(false)
  expect(await inDx()).toEqual(refused)
  // Gone from the variables, not from what runs.
  await platform.rpc.call('variables.delete', { ...at, name: 'KEY' })
  expect(await inDx()).toEqual(refused)
}, 60_000)

test('a value that is inheritable now says nothing of the one before, which still runs', async () => {
  await platform.rpc.call('variables.set', {
    ...at,
    name: 'KEY',
    value: 'for everybody',
    secret: true,
    inheritable: true,
  })
  expect(await inDx()).toEqual(refused)
  await restart()
  expect(await inDx()).toBe('dx got for everybody')
  // Another value of one that was inheritable when it started, and still is.
  await secret('newer')
  expect(await inDx()).toBe('dx got for everybody')
  await mark(false)
  expect(await inDx()).toEqual(refused)
}, 60_000)

test('the protection may allow it, or end; after a restart of the runtime all is as it was', async () => {
  await protect({ ...admins, overlays: true })
  expect(await inDx()).toBe('dx got for everybody')
  const [production] = await platform.rpc.call('environments.list', { teamId: platform.teamId })
  expect(production?.protection).toMatchObject({ overlays: true })
  await protect(null)
  expect(await inDx()).toBe('dx got for everybody')
  await protect(admins)
  expect(await inDx()).toEqual(refused)
  await platform.runtime.killAndStartAgain()
  await expect.poll(inDx).toEqual(refused)
  await mark(true)
  expect(await inDx()).toBe('dx got for everybody')
  expect(
    (await platform.rpc.call('audit.read', { teamId: platform.teamId, before: null, limit: 20 })).some(
      ({ action, after }) =>
        action === 'environment.protect' && (after as { overlays?: boolean } | null)?.overlays === true,
    ),
  ).toBe(true)
}, 90_000)

test('an own copy in the overlay serves it, with what it was given', async () => {
  await mark(false)
  await platform.rpc.call('variables.set', { ...at, environmentId: dx, name: 'KEY', value: 'test key', secret: true })
  await platform.deploy('front', front, dx)
  expect(await inDx()).toBe('dx got test key')
  const dx2 = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'dx2',
    parentId: dx,
    ownerId: platform.userId,
  })
  expect(dx2.name).toBe('dx2')
  // A secret of an environment that nothing protects is nobody's to keep.
  expect((await platform.call('front', { 'm3o-environment': 'dx2' })).body).toBe('dx got test key')
}, 60_000)
