import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { and, eq, ne } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deployments, instances, releases, services } from '#db/schema.ts'
import { type Gates, openGates } from '#e2e/faults/steps/gates.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

let platform: TestPlatform
let gates: Gates
beforeAll(async () => {
  platform = await startPlatform()
  gates = await openGates(platform.database)
}, 60_000)
afterAll(async () => {
  await gates[Symbol.asyncDispose]()
  await platform[Symbol.asyncDispose]()
}, 60_000)

const running = (serviceId: string) =>
  platform.db
    .select()
    .from(instances)
    .where(and(eq(instances.serviceId, serviceId), ne(instances.state, 'ended')))
const release = async (serviceId: string) =>
  (await platform.db.select().from(releases).where(eq(releases.serviceId, serviceId)))[0]
const within = { timeout: 20_000, interval: 50 }

/** What somebody else did to the database while no runtime lived is what a killed one left half done. */
async function whileAway(change: () => Promise<unknown>): Promise<void> {
  await platform.runtime.kill()
  await change()
  await platform.runtime.killAndStartAgain()
}

const slow = (text: string) => ({
  'index.js': `require('node:http').createServer((request, response) => setTimeout(() => response.end(${JSON.stringify(text)}), request.headers['x-slow'] ? 6000 : 0)).listen(process.env.PORT, process.env.HOST)\n`,
})

test('a call under way to what was replaced is answered, although the runtime is killed while that drains', async () => {
  await platform.deploy('slow', slow('one'))
  const answer = platform.call('slow', { 'x-slow': '1' })
  await platform.deploy('slow', slow('two'))
  await platform.deploy('slow', slow('three'))
  await platform.runtime.killAndStartAgain()
  expect(await answer).toMatchObject({ status: 200, body: 'one' })
  const { serviceId } = await platform.rpc.call('access.resolve', { userId: null, team: 'crew', service: 'slow' })
  // What serves, and what is kept for a minute after the switch.
  await expect
    .poll(async () => (await running(serviceId ?? '')).map(({ state }) => state).sort(), within)
    .toEqual(['draining', 'live'])
}, 60_000)

test('killed as it goes back after a crash, what is said of the deployment is what serves', async () => {
  const { serviceId } = await platform.deploy('reverts', answering('good'))
  const { id } = await platform.deploy('reverts', answering('bad', 'setTimeout(() => process.exit(1), 2500)'))
  await gates.watch({ scope: 'reverts', environmentIds: [platform.production], serviceId })
  await gates.close(new Map([['reverts', 'releases live']]))
  expect(await gates.reached(1, 15_000)).toEqual([0])
  await platform.runtime.kill()
  await gates.undo()
  const [row] = await platform.db.select().from(deployments).where(eq(deployments.id, id))
  expect([row?.state, (await release(serviceId))?.deploymentId]).toEqual(['live', id])
  await platform.runtime.killAndStartAgain()
  // It crashes again, within its minute.
  await expect.poll(async () => (await platform.call('reverts').catch(() => undefined))?.body, within).toBe('good')
  // It serves a moment before that is written down.
  await expect
    .poll(async () => (await platform.rpc.call('deployments.get', { deploymentId: id })).state, within)
    .toBe('reverted')
}, 60_000)

test('what was stopped, parked, or only about to rise when the runtime was killed is put right', async () => {
  const [stopped, parked, rising] = await Promise.all(
    ['stopped', 'parked', 'rising'].map((name) => platform.deploy(name, answering(name))),
  )
  const [before] = await running(rising?.serviceId ?? '')
  await whileAway(async () => {
    await platform.db
      .update(releases)
      .set({ wanted: 'stopped' })
      .where(eq(releases.serviceId, stopped?.serviceId ?? ''))
    await platform.db
      .update(releases)
      .set({ crashing: 'it crashed' })
      .where(eq(releases.serviceId, parked?.serviceId ?? ''))
    await platform.db
      .update(instances)
      .set({ state: 'checking' })
      .where(eq(instances.id, before?.id ?? ''))
  })
  // A call wakes what is being brought up anyway.
  expect((await platform.call('rising')).body).toBe('rising')
  for (const gone of [stopped, parked]) await expect.poll(() => running(gone?.serviceId ?? ''), within).toEqual([])
  await expect
    .poll(
      async () => (await running(rising?.serviceId ?? '')).map(({ id, state }) => [id === before?.id, state]),
      within,
    )
    .toEqual([[false, 'live']])
}, 60_000)

test('a service that was deleted when the runtime was killed is gone, with what was on its way to it', async () => {
  const { serviceId, id } = await platform.deploy('deleted', answering('x'))
  await whileAway(async () => {
    await platform.db.update(services).set({ deletedAt: Date.now() }).where(eq(services.id, serviceId))
    await platform.db.update(deployments).set({ state: 'starting', endedAt: null }).where(eq(deployments.id, id))
  })
  await expect
    .poll(
      async () => [
        await running(serviceId),
        await release(serviceId),
        existsSync(join(platform.home.path, 'source', `${serviceId}.git`)),
      ],
      within,
    )
    .toEqual([[], undefined, false])
  expect((await platform.db.select().from(deployments).where(eq(deployments.id, id)))[0]).toMatchObject({
    state: 'cancelled',
    error: { message: 'its service was deleted' },
  })
  expect((await platform.call('deleted')).status).toBe(404)
}, 60_000)

test('what is deployed to a service that is being deleted does not outlive it', async () => {
  const { serviceId } = await platform.deploy('going', answering('x'))
  const { deploymentId } = await platform.upload('going', { 'index.js': 'setInterval(() => {}, 1000)' })
  await platform.rpc.call('services.delete', { serviceId })
  // It may have noticed by itself before it was told.
  expect((await platform.db.select().from(deployments).where(eq(deployments.id, deploymentId)))[0]?.state).toMatch(
    /^(cancelled|failed)$/,
  )
  await expect.poll(() => running(serviceId), within).toEqual([])
}, 60_000)

test("output of an instance that nobody knows of is swept, and nobody else's", async () => {
  await platform.deploy('writes', answering('x'))
  const output = join(platform.home.path, 'output')
  const known = new Set(
    (await platform.db.select({ id: instances.id }).from(instances).where(ne(instances.state, 'ended'))).map(
      ({ id }) => id,
    ),
  )
  await whileAway(async () => {
    await mkdir(join(output, 'i_stranger'))
    await writeFile(
      join(output, 'i_stranger/stdout.log'),
      'begun by a runtime that was killed before it could say so\n',
    )
  })
  const left = await readdir(output)
  expect(left).not.toContain('i_stranger')
  for (const { id } of await platform.db
    .select({ id: instances.id })
    .from(instances)
    .where(ne(instances.state, 'ended')))
    if (known.has(id)) expect(left).toContain(id)
}, 60_000)

test('a build that goes on writing when the runtime was killed keeps nobody from starting, and is ended', async () => {
  const writing = `node -e "const fs = require('fs'); fs.mkdirSync('out'); for (let i = 0; ; i = (i + 1) % 20000) try { fs.writeFileSync('out/' + i, '') } catch {}"`
  const { deploymentId, serviceId } = await platform.upload('builds', {
    ...answering('x'),
    'm3o.json': JSON.stringify({ build: writing }),
  })
  const jobs = async () => (await readdir(join(platform.home.path, 'instances'))).filter((id) => id.startsWith('job_'))
  await expect.poll(async () => (await jobs()).length, within).toBe(1)
  const before = await jobs()
  await platform.runtime.killAndStartAgain()
  // It is built anew, from the beginning.
  await expect.poll(async () => (await jobs()).filter((id) => !before.includes(id)).length, within).toBe(1)
  expect((await jobs()).filter((id) => before.includes(id))).toEqual([])
  await platform.rpc.call('services.delete', { serviceId })
  await expect.poll(jobs, within).toEqual([])
  expect((await platform.db.select().from(deployments).where(eq(deployments.id, deploymentId)))[0]?.state).toMatch(
    /^(cancelled|failed)$/,
  )
  await expect
    .poll(
      async () => (await readdir(join(platform.home.path, 'builds'))).filter((name) => name.startsWith('.making-')),
      within,
    )
    .toEqual([])
}, 60_000)
