import { setTimeout as delay } from 'node:timers/promises'
import { eq, inArray } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { environments } from '#db/schema.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

let platform: TestPlatform

beforeAll(async () => {
  platform = await startPlatform()
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

const until = async <T>(what: () => Promise<T | undefined | false>): Promise<T> => {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(20)) {
    const found = await what()
    if (found) return found
  }
  throw new Error('it never came true')
}

const create = (name: string, parentId: string | null = null) =>
  platform.rpc.call('environments.create', { teamId: platform.teamId, name, parentId, ownerId: platform.userId })
const instances = async () => (await platform.rpc.call('platform.status', {})).counts.instances
const inEnvironment = (name: string) => ({ 'm3o-environment': name })

/** Says what it is set to, and how often it was asked, over all its lives. */
const remembering = {
  'index.js': `
  const fs = require('node:fs'), file = process.env.M3O_DATA + '/count'
  require('node:http').createServer((request, response) => {
    if (request.url !== '/x') return response.writeHead(404).end()
    const count = Number(fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : 0) + 1
    fs.writeFileSync(file, String(count))
    response.end(process.env.WORD + ' ' + count)
  }).listen(process.env.PORT, process.env.HOST)`,
}

test('what is deleted answers 410 at once and runs nowhere; brought back it is as it was', async () => {
  await platform.deploy('kept', answering('production'))
  const alice = await create('alice')
  const uploaded = await platform.upload('kept', remembering, alice.id)
  await platform.settled(uploaded.deploymentId)
  const place = { serviceId: uploaded.serviceId, environmentId: alice.id }
  await platform.rpc.call('variables.set', { ...place, name: 'WORD', value: 'hello', secret: true })
  await platform.settled((await platform.rpc.call('deployments.restart', place)).deploymentId)
  expect((await platform.call('kept', inEnvironment('alice'))).body).toBe('hello 1')
  const before = await instances()

  await platform.rpc.call('environments.delete', { environmentId: alice.id })
  const refused = await platform.call('kept', inEnvironment('alice'))
  expect({ status: refused.status, ...(JSON.parse(refused.body) as object) }).toMatchObject({
    id: 'm3o.environment_gone',
    code: 410,
    reason: 'deleted',
    detail: 'the environment alice was deleted',
  })
  expect((await platform.call('kept')).body).toBe('production')
  expect(await instances()).toBe(before - 1)
  await expect(
    platform.rpc.call('access.resolve', { userId: null, team: 'crew', environment: 'alice' }),
  ).rejects.toMatchObject({ code: 'environment_gone', data: { reason: 'deleted' } })
  await expect(platform.upload('kept', answering('late'), alice.id)).rejects.toMatchObject({ code: 'environment_gone' })

  await platform.runtime.killAndStartAgain()
  expect((await platform.call('kept', inEnvironment('alice'))).status).toBe(410)
  expect(await instances()).toBe(before - 1)
  expect(await platform.rpc.call('environments.departed', { teamId: platform.teamId })).toMatchObject([
    { name: 'alice', expired: false, overrides: [{ service: 'kept' }] },
  ])

  await platform.rpc.call('environments.restore', { environmentId: alice.id })
  expect((await platform.call('kept', inEnvironment('alice'))).body).toBe('hello 2')
  await until(async () => (await instances()) === before)
}, 90_000)

test('what is under way when its environment goes is ended, and leaves nothing behind', async () => {
  const gone = await create('going')
  const before = await instances()
  const uploads = await Promise.all([
    platform.upload('one', answering('1'), gone.id),
    platform.upload('two', { 'index.js': 'setInterval(() => {}, 1000)' }, gone.id),
  ])
  await until(
    async () =>
      (await platform.rpc.call('deployments.get', { deploymentId: uploads[1].deploymentId })).state === 'checking',
  )
  await platform.rpc.call('environments.delete', { environmentId: gone.id })
  const states = await Promise.all(
    uploads.map(async ({ deploymentId }) => (await platform.settled(deploymentId)).state),
  )
  expect(states[1]).toBe('cancelled')
  expect(await instances()).toBe(before)
}, 60_000)

test('killed at any moment of going and coming back, it is wholly gone or wholly there', async () => {
  await platform.deploy('steady', answering('production'))
  const bob = await create('bob')
  await platform.deploy('steady', answering('bob'), bob.id)
  const before = await instances()
  let there = true
  for (const wait of [0, 3, 10, 25, 60, 150]) {
    const asked = platform.rpc
      .call(there ? 'environments.delete' : 'environments.restore', { environmentId: bob.id })
      .then(
        () => {},
        () => {},
      )
    await delay(wait)
    await platform.runtime.killAndStartAgain()
    await asked
    const [row] = await platform.db.select().from(environments).where(eq(environments.id, bob.id))
    there = row?.deletedAt === null
    const answer = await until(async () => {
      const now = await platform.call('steady', inEnvironment('bob'))
      return now.status !== 503 && now
    })
    expect(answer).toMatchObject(there ? { status: 200, body: 'bob' } : { status: 410 })
    await until(async () => (await instances()) === (there ? before : before - 1))
  }
}, 120_000)

test('its time over while nobody ran the platform, it has expired when that is back', async () => {
  const idle = await create('idle')
  await platform.deploy('kept', answering('idle'), idle.id)
  await platform.runtime.kill()
  await platform.db
    .update(environments)
    .set({ expiresAt: Date.now() - 1 })
    .where(eq(environments.id, idle.id))
  await platform.runtime.killAndStartAgain()
  const answer = await until(async () => {
    const now = await platform.call('kept', inEnvironment('idle'))
    return now.status === 410 && now
  })
  expect(JSON.parse(answer.body)).toMatchObject({ reason: 'expired' })
}, 60_000)

test('a call keeps its environment, and the parents of that, alive', async () => {
  const parent = await create('parent')
  const child = await create('child', parent.id)
  await platform.db
    .update(environments)
    .set({ expiresAt: Date.now() + 3_600_000 })
    .where(inArray(environments.id, [parent.id, child.id]))
  await platform.call('kept', inEnvironment('child'))
  const list = await until(async () => {
    const all = await platform.rpc.call('environments.list', { teamId: platform.teamId })
    return (all.find(({ id }) => id === child.id)?.usedAt ?? 0) > child.createdAt && all
  })
  for (const id of [parent.id, child.id])
    expect(list.find((one) => one.id === id)?.expires).toBeGreaterThan(Date.now() + 71 * 3_600_000)
  await expect(platform.rpc.call('environments.delete', { environmentId: parent.id })).rejects.toMatchObject({
    code: 'conflict',
    data: { children: ['child'] },
  })
}, 60_000)
