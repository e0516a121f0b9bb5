import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, isNull } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { instances } from '#db/schema.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

let platform: TestPlatform

beforeAll(async () => {
  platform = await startPlatform()
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

const at = async (service: string) => {
  const { serviceId } = await platform.rpc.call('access.resolve', { userId: null, team: 'crew', service })
  return { serviceId: serviceId ?? '', environmentId: platform.production }
}

const until = async <T>(what: () => Promise<T | undefined | false>): Promise<T> => {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(20)) {
    const found = await what()
    if (found) return found
  }
  throw new Error('it never came true')
}

/** Ids of those that have a process, those that only wait among them. */
async function instancesOf(service: string): Promise<string[]> {
  const { serviceId } = await at(service)
  const folder = join(platform.home.path, 'instances')
  const records = await Promise.all(
    (await readdir(folder)).map((id) => readFile(join(folder, id, 'instance.json'), 'utf8').catch(() => '{}')),
  )
  return records.flatMap((text) => {
    const { id, placement } = JSON.parse(text) as { id: string; placement?: { serviceId: string } }
    return placement?.serviceId === serviceId ? [id] : []
  })
}

/** Well until it is called. */
const crashing = {
  'index.js': `require('node:http').createServer((request, response) => {
  if (request.url === '/x') process.exit(5)
  response.writeHead(404).end()
}).listen(process.env.PORT, process.env.HOST)`,
}

test('a folder becomes a live service, phase by phase', async () => {
  const deployment = await platform.deploy('one', answering('first'))
  expect(deployment).toMatchObject({ state: 'live', current: true, error: null })
  expect(deployment.phases.map((phase) => phase.name)).toEqual([
    'queued',
    'building',
    'starting',
    'checking',
    'switching',
  ])
  expect(deployment.phases.reduce((sum, { ms }) => sum + (ms ?? NaN), 0)).toBe(deployment.durationMs)
  for (const { name, ms, parts = [] } of deployment.phases)
    expect(
      parts.reduce((sum, part) => sum + part.ms, 0),
      name,
    ).toBeLessThanOrEqual(ms ?? NaN)
  expect(await platform.call('one')).toMatchObject({
    status: 200,
    body: 'first',
    servedBy: `one@${deployment.revision} production`,
  })
})

test('what a phase was spent on is told, as far as it took time', async () => {
  const slow = {
    'index.js': `setTimeout(() => require('node:http').createServer((_, response) => setTimeout(() => response.end('x'), 120)).listen(process.env.PORT, process.env.HOST), 120)`,
  }
  const deployment = await platform.deploy('parted', { ...slow, 'm3o.json': JSON.stringify({ build: 'sleep 0.2' }) })
  const parts = Object.fromEntries(
    deployment.phases.flatMap(({ parts = [] }) => parts).map(({ name, ms }) => [name, ms]),
  )
  expect(parts.command).toBeGreaterThanOrEqual(200)
  expect(parts.sandbox).toBeGreaterThan(0)
  expect(parts.loading).toBeGreaterThanOrEqual(120)
  // From when it is known to listen, which on a busy machine is a little later than it does.
  expect(parts.answering).toBeGreaterThanOrEqual(60)
  // Built before: nothing is installed or run again, and nothing is said to have been.
  const again = await platform.deploy('parted', { ...slow, 'm3o.json': JSON.stringify({ build: 'sleep 0.2' }) })
  expect(again.phases.find(({ name }) => name === 'building')?.parts).toBeUndefined()
  expect(again.phases.reduce((sum, { ms }) => sum + (ms ?? NaN), 0)).toBe(again.durationMs)
})

test('a crash at boot fails at once with its exit code and last lines, and the old one serves on', async () => {
  await platform.deploy('two', answering('good'))
  const failed = await platform.deploy('two', {
    'index.js': `console.log('about to fail'); console.error('because'); process.exit(7)`,
  })
  expect(failed.phases.reduce((sum, { ms }) => sum + (ms ?? NaN), 0)).toBe(failed.durationMs)
  expect(failed).toMatchObject({
    state: 'failed',
    error: {
      code: 'start_failed',
      exitCode: 7,
      lines: expect.arrayContaining(['about to fail', 'because']) as string[],
    },
  })
  expect((await platform.call('two')).body).toBe('good')
})

test('source that does not compile says where', async () => {
  const failed = await platform.deploy('broken', { 'index.ts': 'export default ((' })
  expect(failed).toMatchObject({
    state: 'failed',
    error: { code: 'build_failed', message: expect.stringContaining('index.ts:1') as string },
  })
})

test('a build that fails says its exit code and last lines', async () => {
  const failed = await platform.deploy('unbuilt', {
    ...answering('x'),
    'm3o.json': JSON.stringify({ build: 'echo looking; echo no such table >&2; exit 3' }),
  })
  expect(failed).toMatchObject({
    state: 'failed',
    error: { code: 'build_failed', exitCode: 3, lines: ['looking', 'no such table'] },
  })
})

test('a service on the wrong port is told which one', async () => {
  const uploaded = await platform.upload('deaf', {
    'index.js': `require('node:http').createServer(() => {}).listen(3999, process.env.HOST)`,
  })
  const state = await until(async () => {
    const now = await platform.rpc.call('deployments.get', uploaded)
    return now.state === 'checking' && now
  })
  await platform.rpc.call('deployments.cancel', { deploymentId: state.id })
  expect(await platform.settled(state.id)).toMatchObject({ state: 'cancelled' })
  expect(await platform.rpc.call('services.get', await at('deaf'))).toMatchObject({ state: 'stopped', instances: [] })
})

test('the newest deployment wins over those under way', async () => {
  const first = await platform.upload('race', answering('a'))
  const second = await platform.upload('race', answering('b'))
  const third = await platform.upload('race', answering('c'))
  expect((await platform.settled(third.deploymentId)).state).toBe('live')
  for (const { deploymentId } of [first, second])
    expect(['superseded', 'live']).toContain((await platform.settled(deploymentId)).state)
  expect((await platform.call('race')).body).toBe('c')
})

test('one that crashes soon after its switch is reverted', async () => {
  const good = await platform.deploy('late', answering('good'))
  const bad = await platform.deploy('late', crashing)
  expect(bad.state).toBe('live')
  await platform.call('late')
  const reverted = await until(async () => {
    const now = await platform.rpc.call('deployments.get', { deploymentId: bad.id })
    return now.state === 'reverted' && now
  })
  expect(reverted.error).toMatchObject({ exitCode: 5 })
  expect((await platform.call('late')).servedBy).toContain(good.revision)
})

test('each rollback goes one live revision further back, with the variables of that time', async () => {
  const telling = (name: string) => ({
    'index.js': `require('node:http').createServer((_, response) => response.end('${name} ' + process.env.COLOUR)).listen(process.env.PORT, process.env.HOST)`,
  })
  await platform.deploy('back', answering('none yet'))
  const place = await at('back')
  for (const [name, colour] of [
    ['one', 'red'],
    ['two', 'green'],
    ['three', 'blue'],
  ] as const) {
    await platform.rpc.call('variables.set', { ...place, name: 'COLOUR', value: colour, secret: colour === 'red' })
    await platform.deploy('back', telling(name))
  }
  expect((await platform.call('back')).body).toBe('three blue')
  for (const expected of ['two green', 'one red', 'none yet']) {
    expect(
      await platform.settled((await platform.rpc.call('deployments.rollback', { ...place, to: null })).deploymentId),
    ).toMatchObject({ state: 'live' })
    expect((await platform.call('back')).body).toBe(expected)
  }
  await expect(platform.rpc.call('deployments.rollback', { ...place, to: null })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('what keeps data runs once, keeps it over deployments, and calls wait meanwhile', async () => {
  const counting = (name: string) => ({
    'index.js': `
    const fs = require('node:fs'), file = process.env.M3O_DATA + '/count'
    require('node:http').createServer((request, response) => {
      if (request.url !== '/x') return response.writeHead(404).end()
      const count = Number(fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : 0) + 1
      fs.writeFileSync(file, String(count))
      response.end('${name} ' + count)
    }).listen(process.env.PORT, process.env.HOST)`,
  })
  await platform.deploy('data', counting('a'))
  expect((await platform.call('data')).body).toBe('a 1')
  const second = platform.deploy('data', counting('b'))
  let answered = 0
  const calling = (async () => {
    for (let ended = false; !ended; answered++) {
      void second.then(() => (ended = true))
      expect(await platform.call('data')).toMatchObject({ status: 200 })
    }
  })()
  expect((await second).state).toBe('live')
  await calling
  // A call whose connection died before its answer may have been made twice.
  expect(Number((await platform.call('data')).body.slice(2))).toBeGreaterThanOrEqual(answered + 2)
}, 60_000)

test('no request is lost by deployments', async () => {
  await platform.deploy('busy', answering('0'))
  let over = false
  const failed: unknown[] = []
  let served = 0
  const callers = Array.from({ length: 4 }, async () => {
    while (!over) {
      const answer = await platform.call('busy').catch((error: unknown) => ({ status: 0, error }))
      if (answer.status === 200) served++
      else failed.push(answer)
    }
  })
  for (let round = 1; round <= 4; round++)
    expect((await platform.deploy('busy', answering(String(round)))).state).toBe('live')
  over = true
  await Promise.all(callers)
  expect(failed).toEqual([])
  expect(served).toBeGreaterThan(50)
}, 90_000)

test('a runtime killed at any step carries on, with one live revision and no orphan', async () => {
  await platform.deploy('phoenix', answering('before'))
  for (const wait of [0, 60, 150, 300, 450, 700]) {
    const { deploymentId } = await platform.upload('phoenix', answering(`after ${wait}`))
    await delay(wait)
    await platform.runtime.killAndStartAgain()
    const { state, phases, durationMs } = await platform.settled(deploymentId)
    expect(state).toBe('live')
    expect(
      phases.reduce((sum, { ms }) => sum + (ms ?? NaN), 0),
      `phases of one killed after ${wait} ms`,
    ).toBe(durationMs)
    expect((await platform.call('phoenix')).body).toBe(`after ${wait}`)
  }
  await until(async () => {
    const service = await platform.rpc.call('services.get', await at('phoenix'))
    return service.state === 'live' && service.instances.length === 1
  })
}, 120_000)

test('only what was deployed in an environment runs there; all else is its parent’s', async () => {
  await platform.deploy('shared', answering('production'))
  await platform.deploy('mine', answering('production'))
  const alice = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'alice',
    parentId: null,
    ownerId: platform.userId,
  })
  await platform.deploy('mine', answering('alice'), alice.id)
  const inAlice = { 'm3o-environment': 'alice' }
  expect((await platform.call('mine', inAlice)).body).toBe('alice')
  expect((await platform.call('mine')).body).toBe('production')
  expect((await platform.call('shared', inAlice)).servedBy).toMatch(/production$/)
  const running = await platform.db
    .select({ serviceId: instances.serviceId })
    .from(instances)
    .where(and(eq(instances.environmentId, alice.id), isNull(instances.endedAt)))
  expect(running).toEqual([{ serviceId: (await at('mine')).serviceId }])
  await platform.rpc.call('environments.delete', { environmentId: alice.id })
  expect((await platform.call('mine', inAlice)).status).toBe(410)
})

test('a service in production has no parent to be reset to', async () => {
  await platform.deploy('rooted', answering('root'))
  await expect(platform.rpc.call('environments.reset', await at('rooted'))).rejects.toMatchObject({
    code: 'not_in_this_state',
  })
  expect((await platform.call('rooted')).body).toBe('root')
})

test('what is crashing is parked after five crashes in a minute, and says why', async () => {
  await platform.deploy('weak', crashing)
  const parked = await until(async () => {
    await platform.call('weak')
    const now = await platform.rpc.call('services.get', await at('weak'))
    return now.state === 'crashing' && now.reason?.includes('5 times') && now
  })
  expect(parked.reason).toContain('exited with code 5')
  expect(await platform.call('weak')).toMatchObject({ status: 503 })
}, 60_000)

test('what sleeps at zero wakes on the next call, in the instance that waits for it; what is stopped leaves none', async () => {
  const source = {
    'index.js':
      "require('node:http').createServer((_, response) => response.end(process.env.M3O_INSTANCE)).listen(process.env.PORT, process.env.HOST)\n",
  }
  await platform.deploy('nap', { ...source, 'm3o.json': '{"instances": {"min": 0, "max": 1}, "idle": "1s"}' })
  const isAsleep = async () => (await platform.rpc.call('services.get', await at('nap'))).state === 'asleep'
  const first = (await platform.call('nap')).body
  await until(isAsleep)
  const waiting = async () => (await instancesOf('nap')).filter((id) => id !== first)
  await until(async () => (await waiting()).length === 1)
  const [spare] = await waiting()
  expect(await platform.call('nap')).toMatchObject({ status: 200, body: spare })
  await until(isAsleep)
  await until(async () => (await instancesOf('nap')).some((id) => id !== spare))
  await platform.rpc.call('services.kill', await at('nap'))
  await until(async () => (await instancesOf('nap')).length === 0)
}, 60_000)
