import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Promotion } from '#contract/promotions.ts'
import { platformActor } from '#contract/rpc.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

let platform: TestPlatform
let ofEnvironment = 0

beforeAll(async () => {
  platform = await startPlatform()
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

const actor = () => ({ actor: { ...platformActor, id: platform.userId, name: 'Ann' } })

async function environment(parentId: string | null = null) {
  const made = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: `e${++ofEnvironment}`,
    parentId,
    ownerId: platform.userId,
  })
  return { id: made.id, name: made.name, headers: { 'm3o-environment': made.name } }
}

const serviceId = async (service: string) =>
  (await platform.rpc.call('access.resolve', { userId: null, team: 'crew', service })).serviceId ?? ''
const body = async (service: string, headers: Record<string, string> = {}) =>
  (await platform.call(service, headers)).body
const servedBy = async (service: string, headers: Record<string, string> = {}) =>
  (await platform.call(service, headers)).servedBy
const start = (environmentId: string, more: { serviceIds?: string[]; generation?: number } = {}) =>
  platform.rpc.call(
    'promotions.start',
    { environmentId, serviceIds: null, generation: null, route: 'cli', ...more },
    actor(),
  )
const undo = (promotionId: string) => platform.rpc.call('promotions.undo', { promotionId, route: 'cli' }, actor())
const diff = (environmentId: string) => platform.rpc.call('environments.diff', { environmentId, againstId: null })
const overridesOf = async (name: string) =>
  (await platform.rpc.call('environments.list', { teamId: platform.teamId }))
    .find((one) => one.name === name)
    ?.overrides.map(({ service }) => service)
    .sort()

async function ended({ promotionId }: { promotionId: string }): Promise<Promotion> {
  return until(async () => {
    const now = await platform.rpc.call('promotions.get', { promotionId }).catch(() => undefined)
    return now?.endedAt != null && now
  })
}

const promote = async (...given: Parameters<typeof start>) => ended(await start(...given))

async function until<T>(what: () => Promise<T | undefined | false>): Promise<T> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(15)) {
    const found = await what()
    if (found) return found
  }
  throw new Error('it never came true')
}

test('exact revisions move to the parent together, without a build, and the environment inherits them again', async () => {
  await platform.deploy('pay', answering('pay 1'))
  await platform.deploy('cart', answering('cart 1'))
  const alice = await environment()
  const pay = await platform.deploy('pay', answering('pay 2'), alice.id)
  await platform.deploy('cart', answering('cart 2'), alice.id)
  await platform.deploy('fresh', answering('fresh 1'), alice.id)
  expect(await body('pay')).toBe('pay 1')

  const promotion = await promote(alice.id)
  expect(promotion).toMatchObject({
    state: 'live',
    from: alice.name,
    into: 'production',
    error: null,
    by: 'Ann',
    whyNotUndone: null,
  })
  expect(promotion.services.map(({ service, state, left }) => [service, state, left])).toEqual([
    ['cart', 'live', true],
    ['fresh', 'live', true],
    ['pay', 'live', true],
  ])
  for (const { deploymentId } of promotion.services) {
    const { phases, durationMs } = await platform.rpc.call('deployments.get', { deploymentId: deploymentId ?? '' })
    // Each waits for the slowest: that is told, and not missing.
    expect(phases.reduce((sum, { ms }) => sum + (ms ?? 0), 0)).toBe(durationMs)
    expect(phases.at(-1)).toMatchObject({ name: 'switching', parts: [{ name: 'others' }] })
  }
  expect(await Promise.all(['pay', 'cart', 'fresh'].map((service) => body(service)))).toEqual([
    'pay 2',
    'cart 2',
    'fresh 1',
  ])
  expect(await servedBy('pay')).toBe(`pay@${pay.revision} production`)
  expect(await servedBy('pay', alice.headers)).toBe(`pay@${pay.revision} production`)
  expect(await overridesOf(alice.name)).toEqual([])

  const deployment = await platform.rpc.call('deployments.get', {
    deploymentId: promotion.services.find(({ service }) => service === 'pay')?.deploymentId ?? '',
  })
  expect(deployment).toMatchObject({
    kind: 'promote',
    commit: pay.commit,
    promotionId: promotion.id,
    current: true,
    state: 'live',
  })
  const lines = await platform.rpc.call('logs.read', {
    targets: [{ serviceId: deployment.serviceId, environmentId: platform.production }],
    query: { limit: 200, stream: ['build'] },
  })
  expect(lines.entries.filter((entry) => 'text' in entry && entry.revision === pay.revision)).toEqual([])

  // Who edits in production next begins at what serves there.
  const next = await platform.deploy('pay', answering('pay 3'))
  expect(
    await platform.rpc.call('source.diff', { serviceId: deployment.serviceId, from: pay.commit, to: next.commit }),
  ).toHaveLength(1)
})

test('only the named services move', async () => {
  const alice = await environment()
  await platform.deploy('left', answering('left'), alice.id)
  await platform.deploy('right', answering('right'), alice.id)
  expect(
    (await promote(alice.id, { serviceIds: [await serviceId('left')] })).services.map(({ service }) => service),
  ).toEqual(['left'])
  expect(await body('left')).toBe('left')
  expect((await platform.call('right')).status).toBe(404)
  expect(await overridesOf(alice.name)).toEqual(['right'])
})

test('all or nothing: one that does not come up in the parent leaves everything as it was', async () => {
  const demanding = (text: string) => ({
    'index.js': `if (process.env.M3O_ENVIRONMENT === 'production') { console.log('not here'); process.exit(3) }
require('node:http').createServer((_, response) => response.end('${text}')).listen(process.env.PORT, process.env.HOST)`,
  })
  await platform.deploy('good', answering('good 1'))
  await platform.deploy('picky', answering('picky 1'))
  const alice = await environment()
  await platform.deploy('good', answering('good 2'), alice.id)
  await platform.deploy('picky', demanding('picky 2'), alice.id)
  const before = (await diff(alice.id)).generation
  const promotion = await promote(alice.id)
  expect(promotion).toMatchObject({
    state: 'failed',
    error: { code: 'start_failed', message: expect.stringContaining('picky: it exited with code 3') as string },
  })
  expect(promotion.services.map(({ service, state }) => [service, state])).toEqual([
    ['good', 'cancelled'],
    ['picky', 'failed'],
  ])
  expect(await Promise.all(['good', 'picky'].map((service) => body(service)))).toEqual(['good 1', 'picky 1'])
  expect((await diff(alice.id)).generation).toBe(before)
  expect(await overridesOf(alice.name)).toEqual(['good', 'picky'])
  for (const service of ['good', 'picky']) {
    const now = await platform.rpc.call('services.get', {
      serviceId: await serviceId(service),
      environmentId: platform.production,
    })
    expect(now).toMatchObject({ state: 'live' })
    expect(now.instances).toHaveLength(1)
  }
  const guilty = await platform.rpc.call('deployments.get', { deploymentId: promotion.services[1]?.deploymentId ?? '' })
  expect(guilty.error?.lines).toContain('not here')
})

test('who is late is refused, told what changed, and may try again with what they see then', async () => {
  await platform.deploy('late', answering('late 1'))
  const [alice, bob] = [await environment(), await environment()]
  await platform.deploy('late', answering('alice'), alice.id)
  await platform.deploy('other', answering('bob'), bob.id)
  const [seen, seenByBob] = [await diff(alice.id), await diff(bob.id)]
  await promote(bob.id, { generation: seenByBob.generation })
  await expect(start(alice.id, { generation: seen.generation })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('production changed in the meantime: other by Ann') as string,
    data: { changes: [{ service: 'other', kind: 'promote', by: 'Ann' }] },
  })
  expect((await promote(alice.id, { generation: (await diff(alice.id)).generation })).state).toBe('live')
  expect(await body('late')).toBe('alice')
})

test('a change of the parent while a promotion is prepared ends it, and shows what changed', async () => {
  const slowly = (text: string) => ({
    'index.js': `setTimeout(() => require('node:http').createServer((_, response) => response.end('${text}')).listen(process.env.PORT, process.env.HOST), 2000)`,
  })
  await platform.deploy('slow', answering('slow 1'))
  const alice = await environment()
  await platform.deploy('slow', slowly('slow 2'), alice.id)
  const begun = await start(alice.id)
  await platform.deploy('quick', answering('quick'))
  expect(await ended(begun)).toMatchObject({
    state: 'failed',
    error: { code: 'conflict', message: expect.stringContaining('quick') as string },
  })
  expect(await body('slow')).toBe('slow 1')

  // To one of its own services: the newest wins, as for deployments.
  const again = await start(alice.id)
  expect((await platform.deploy('slow', answering('slow 3'))).state).toBe('live')
  expect(await ended(again)).toMatchObject({ state: 'cancelled', error: { code: 'superseded' } })
  expect(await body('slow')).toBe('slow 3')
  expect(await servedBy('slow', alice.headers)).toContain(alice.name)
})

test('a revision that lacks the parent’s latest is refused; merged, it can be tried and promoted', async () => {
  const two = (one: string, other: string) => ({
    'index.js': `const one = '${one}'\n\n\n\n\n\nconst other = '${other}'\nrequire('node:http').createServer((_, response) => response.end(one + ' ' + other)).listen(process.env.PORT, process.env.HOST)\n`,
  })
  await platform.deploy('merged', two('a', 'b'))
  const alice = await environment()
  const own = await platform.deploy('merged', two('alice', 'b'), alice.id)
  await platform.deploy('merged', two('a', 'production'))
  const shown = await diff(alice.id)
  expect(shown.services).toMatchObject([
    { service: 'merged', relation: 'diverged', ahead: 1, behind: 1, here: { own: true, revision: own.revision } },
  ])
  expect(shown.checks).toMatchObject([{ code: 'lacks', service: 'merged', stops: true }])
  await expect(start(alice.id)).rejects.toMatchObject({
    code: 'conflict',
    data: { merge: { environment: alice.name, services: ['merged'] } },
  })

  const {
    deployments: [begun],
  } = await platform.rpc.call(
    'promotions.merge',
    { environmentId: alice.id, serviceIds: null, userId: platform.userId, route: 'cli' },
    actor(),
  )
  expect((await platform.settled(begun?.deploymentId ?? '')).state).toBe('live')
  expect(await body('merged', alice.headers)).toBe('alice production')
  expect(await body('merged')).toBe('a production')
  expect((await promote(alice.id)).state).toBe('live')
  expect(await body('merged')).toBe('alice production')

  await platform.deploy('merged', two('ann', 'production'), alice.id)
  await platform.deploy('merged', two('bob', 'production'))
  await expect(
    platform.rpc.call(
      'promotions.merge',
      { environmentId: alice.id, serviceIds: null, userId: platform.userId, route: 'cli' },
      actor(),
    ),
  ).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('merged:') as string })
})

test('the way back: what served before serves again, and what had come from the environment is its own again', async () => {
  const telling = (text: string) => ({
    'index.js': `require('node:http').createServer((_, response) => response.end('${text} ' + process.env.COLOUR)).listen(process.env.PORT, process.env.HOST)`,
  })
  await platform.deploy('back', telling('back 1'))
  const at = { serviceId: await serviceId('back'), environmentId: platform.production }
  await platform.rpc.call('variables.set', { ...at, name: 'COLOUR', value: 'red', secret: false })
  await platform.settled((await platform.rpc.call('deployments.restart', at)).deploymentId)
  const alice = await environment()
  await platform.deploy('back', telling('back 2'), alice.id)
  await platform.deploy('newborn', answering('newborn'), alice.id)
  const promotion = await promote(alice.id)
  await platform.rpc.call('variables.set', { ...at, name: 'COLOUR', value: 'green', secret: false })
  expect(await body('back')).toBe('back 2 red')

  const taken = await ended(await undo(promotion.id))
  expect(taken).toMatchObject({
    state: 'live',
    undoes: promotion.id,
    from: null,
    services: [
      { service: 'back', state: 'live' },
      { service: 'newborn', revision: null, state: null },
    ],
  })
  expect(await body('back')).toBe('back 1 red')
  expect((await platform.call('newborn')).status).toBe(404)
  expect(await body('back', alice.headers)).toBe('back 2 red')
  expect(await body('newborn', alice.headers)).toBe('newborn')
  expect(await overridesOf(alice.name)).toEqual(['back', 'newborn'])
  await expect(undo(promotion.id)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('already undone') as string,
  })

  // It can come again, and what is edited in production meanwhile begins without it.
  expect((await promote(alice.id)).state).toBe('live')
  expect(await body('back')).toBe('back 2 green')
})

test('there is no way back over what serves since', async () => {
  await platform.deploy('since', answering('since 1'))
  const alice = await environment()
  await platform.deploy('since', answering('since 2'), alice.id)
  const promotion = await promote(alice.id)
  await platform.deploy('since', answering('since 3'))
  await expect(undo(promotion.id)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('newer revisions are live there') as string,
  })
  expect(await body('since')).toBe('since 3')
})

test('variables stay where they are: a copy with variables of its own stays, and what is missing in the parent is told', async () => {
  const telling = {
    'index.js': `require('node:http').createServer((_, response) => response.end(process.env.M3O_ENVIRONMENT + ' ' + process.env.PLACE + ' ' + process.env.KEY)).listen(process.env.PORT, process.env.HOST)`,
  }
  await platform.deploy('vars', answering('vars'))
  const alice = await environment()
  const id = await serviceId('vars')
  const set = (environmentId: string, name: string, value: string, secret = false) =>
    platform.rpc.call('variables.set', { serviceId: id, environmentId, name, value, secret })
  await set(platform.production, 'PLACE', 'of production')
  await set(alice.id, 'PLACE', 'of alice')
  await set(alice.id, 'KEY', 'hidden', true)
  for (const [name, there] of [
    ['EQUAL', 'guessed'],
    ['OTHER', 'not it'],
  ] as const) {
    await set(platform.production, name, 'guessed', true)
    await set(alice.id, name, there, true)
  }
  await platform.deploy('vars', telling, alice.id)
  const shown = await diff(alice.id)
  expect(shown.variables).toEqual([
    // Whoever guesses a secret is not told whether they are right.
    { serviceId: id, service: 'vars', name: 'EQUAL', secret: true, change: 'in both', here: null, there: null },
    { serviceId: id, service: 'vars', name: 'KEY', secret: true, change: 'only here', here: null, there: null },
    { serviceId: id, service: 'vars', name: 'OTHER', secret: true, change: 'in both', here: null, there: null },
    {
      serviceId: id,
      service: 'vars',
      name: 'PLACE',
      secret: false,
      change: 'differs',
      here: 'of alice',
      there: 'of production',
    },
  ])
  expect(JSON.stringify(shown)).not.toContain('hidden')
  expect(shown.checks.map(({ code, stops }) => [code, stops])).toEqual([
    ['missing_variable', false],
    ['keeps_copy', false],
  ])
  const promotion = await promote(alice.id)
  expect(promotion).toMatchObject({ state: 'live', services: [{ left: false }] })
  expect(await body('vars')).toBe('production of production undefined')
  expect(await body('vars', alice.headers)).toBe(`${alice.name} of alice hidden`)
  // Nothing is left to promote, and that is no harm.
  await expect(start(alice.id)).rejects.toMatchObject({
    code: 'not_in_this_state',
    message: expect.stringContaining('already') as string,
  })
})

test('one that crashes soon after takes all that came with it back', async () => {
  const crashing = {
    'index.js': `require('node:http').createServer((request, response) => {
  if (request.url === '/x' && process.env.M3O_ENVIRONMENT === 'production') process.exit(5)
  response.writeHead(request.url === '/x' ? 200 : 404).end('weak 2')
}).listen(process.env.PORT, process.env.HOST)`,
  }
  await platform.deploy('strong', answering('strong 1'))
  await platform.deploy('weak', answering('weak 1'))
  const alice = await environment()
  await platform.deploy('strong', answering('strong 2'), alice.id)
  await platform.deploy('weak', crashing, alice.id)
  const promotion = await promote(alice.id)
  expect(promotion.state).toBe('live')
  await platform.call('weak')
  const reverted = await until(async () => {
    const now = await platform.rpc.call('promotions.get', { promotionId: promotion.id })
    return now.state === 'reverted' && now
  })
  expect(reverted.error?.message).toContain('weak exited with code 5')
  expect(await Promise.all(['strong', 'weak'].map((service) => body(service)))).toEqual(['strong 1', 'weak 1'])
  expect(await Promise.all(['strong', 'weak'].map((service) => body(service, alice.headers)))).toEqual([
    'strong 2',
    'weak 2',
  ])
})

test('what keeps data is stopped before its successor starts, and keeps it', async () => {
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
  await platform.deploy('kept', counting('a'))
  expect(await body('kept')).toBe('a 1')
  const alice = await environment()
  await platform.deploy('kept', counting('b'), alice.id)
  expect(await body('kept', alice.headers)).toBe('b 1')
  expect((await promote(alice.id)).state).toBe('live')
  expect(await body('kept')).toBe('b 2')
  expect(await body('kept', alice.headers)).toBe('b 2')
})

test('of a pinned environment only what was deployed there moves, though what it keeps was restarted', async () => {
  await platform.deploy('holds', answering('holds 1'))
  await platform.deploy('moves', answering('moves 1'))
  const alice = await environment()
  await platform.rpc.call('environments.pin', { environmentId: alice.id })
  await platform.settled(
    (await platform.rpc.call('deployments.restart', { serviceId: await serviceId('holds'), environmentId: alice.id }))
      .deploymentId,
  )
  await expect(start(alice.id)).rejects.toMatchObject({
    code: 'not_in_this_state',
    message: expect.stringContaining('has no overrides') as string,
  })
  await platform.deploy('moves', answering('moves 2'), alice.id)
  const promotion = await promote(alice.id)
  expect(promotion.services.map(({ service, state, left }) => [service, state, left])).toEqual([
    ['moves', 'live', false],
  ])
  expect(await Promise.all(['holds', 'moves'].map((service) => body(service)))).toEqual(['holds 1', 'moves 2'])
})

test('through staging to production: each step into the parent, nothing further', async () => {
  await platform.deploy('deep', answering('deep 1'))
  const staging = await environment()
  const alice = await environment(staging.id)
  await platform.deploy('deep', answering('deep 2'), alice.id)
  const first = await promote(alice.id)
  expect(first).toMatchObject({ state: 'live', into: staging.name, services: [{ previousRevision: null }] })
  expect(await Promise.all([body('deep'), body('deep', staging.headers), body('deep', alice.headers)])).toEqual([
    'deep 1',
    'deep 2',
    'deep 2',
  ])
  await ended(await undo(first.id))
  expect(await Promise.all([body('deep', staging.headers), body('deep', alice.headers)])).toEqual(['deep 1', 'deep 2'])
  await promote(alice.id)
  await promote(staging.id)
  expect(await body('deep')).toBe('deep 2')
  expect(await overridesOf(staging.name)).toEqual([])
  await expect(start(platform.production)).rejects.toMatchObject({ code: 'not_in_this_state' })
})

test('cancelled, it leaves nothing', async () => {
  const never = {
    'index.js': `if (process.env.M3O_ENVIRONMENT === 'production') setInterval(() => {}, 1000)
else require('node:http').createServer((_, response) => response.end('x')).listen(process.env.PORT, process.env.HOST)`,
  }
  const alice = await environment()
  await platform.deploy('stuck', never, alice.id)
  const begun = await start(alice.id)
  await expect(start(alice.id)).rejects.toMatchObject({ code: 'conflict' })
  await platform.rpc.call('promotions.cancel', begun, actor())
  expect(await ended(begun)).toMatchObject({ state: 'cancelled', error: { message: 'cancelled by Ann' } })
  expect(
    await platform.rpc.call('services.get', {
      serviceId: await serviceId('stuck'),
      environmentId: platform.production,
    }),
  ).toMatchObject({ state: 'stopped', instances: [] })
})
