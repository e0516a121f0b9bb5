import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { platformActor } from '#contract/rpc.ts'
import { startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

const run = promisify(execFile)

/** Answers `Say`, and describes what it takes. */
const describing = (endpoints: object, more: Record<string, string> = {}) => ({
  'index.js': `const described = ${JSON.stringify(JSON.stringify({ endpoints }))}
require('node:http').createServer((request, response) => response.end(request.url === '/_m3o/describe' ? described : 'said by ' + process.env.M3O_TEAM)).listen(process.env.PORT, process.env.HOST)
`,
  ...more,
})
const say = (properties: Record<string, { type: string }>) => ({
  name: 'Say',
  stream: false,
  request: { type: 'object', properties: { name: { type: 'string' } } },
  response: { type: 'object', properties, required: Object.keys(properties) },
})

async function secondTeam(platform: TestPlatform) {
  const { id: teamId } = await platform.rpc.call('teams.create', { name: 'web', ownerId: platform.userId })
  const { secret: token } = await platform.rpc.call('tokens.create', {
    teamId,
    userId: platform.userId,
    name: 'web',
    scope: {},
    environmentId: null,
    expiresAt: null,
  })
  return { teamId, token }
}
/** The gateway tells its counts once a second. */
const patient = { timeout: 20_000 }
const by = { actor: { ...platformActor, name: 'ann@example.com' } }

test('a team asks, is approved and revoked, its calls are counted by day, and its endpoints’ changes are told to whom they concern', async () => {
  await using platform = await startPlatform()
  const { rpc } = platform
  const web = await secondTeam(platform)
  const first = await platform.deploy(
    'orders',
    describing([say({ total: { type: 'number' }, note: { type: 'string' } })], {
      'README.md': '# Orders\n\nInvoices and refunds.',
      'docs/limits.md': 'A zebra may order twice.',
      'docs/deep/x.md': 'deep',
      'notes.md': 'no document',
    }),
  )
  expect(first.endpointChanges).toBeNull()
  const { serviceId } = first
  const name = '@crew/orders'
  const call = (status: number) =>
    expect
      .poll(async () => (await platform.call('@crew/orders', { authorization: `Bearer ${web.token}` })).status, patient)
      .toBe(status)

  await expect(rpc.call('shared.ask', { teamId: web.teamId, name, reason: 'x' }, by)).rejects.toThrow(
    'service @crew/orders is not shared with web',
  )
  await rpc.call('services.update', { serviceId, audience: { kind: 'platform' }, approval: true }, by)
  await expect(rpc.call('services.update', { serviceId, audience: { kind: 'anyone' } }, by)).rejects.toThrow(
    'callers without an account cannot be approved',
  )
  await call(403)
  await rpc.call('shared.ask', { teamId: web.teamId, name, reason: 'to show totals' }, by)
  await expect(rpc.call('shared.ask', { teamId: web.teamId, name, reason: 'again' }, by)).rejects.toThrow(
    'has already requested approval',
  )
  expect(await rpc.call('consumers.asks', { teamId: platform.teamId })).toMatchObject([
    { service: 'orders', team: 'web', reason: 'to show totals', by: 'ann@example.com' },
  ])
  expect((await rpc.call('services.shared', { teamId: web.teamId, name }))[0]).toMatchObject({
    access: 'asked',
    approval: true,
    owner: null,
  })
  await rpc.call('consumers.decide', { serviceId, teamId: web.teamId, verdict: 'approve', answer: 'welcome' }, by)
  await expect(
    rpc.call('consumers.decide', { serviceId, teamId: web.teamId, verdict: 'decline', answer: '' }, by),
  ).rejects.toThrow('web has no open request')
  await call(200)
  await platform.call('@crew/orders', { authorization: `Bearer ${web.token}` })

  await expect
    .poll(async () => rpc.call('shared.usage', { teamId: web.teamId, name, days: 7 }), patient)
    .toMatchObject({ state: 'approved', total: { requests: 2, errors: 0 } })
  const { consumers, calls } = await rpc.call('consumers.list', { serviceId, days: 7 })
  expect(consumers).toMatchObject([
    {
      team: 'web',
      own: false,
      state: 'approved',
      answer: 'welcome',
      total: { requests: 2, errors: 0, meanMs: expect.any(Number) as number },
    },
  ])
  expect(consumers[0]?.days).toHaveLength(7)
  expect(consumers[0]?.days.at(-1)).toMatchObject({ requests: 2 })
  expect(calls).toMatchObject([{ endpoint: 'x', team: 'web', caller: 'people', requests: 2 }])
  expect(await rpc.call('services.dependants', { serviceId })).toMatchObject([
    { team: 'web', service: null, endpoints: ['x'], requests: 2 },
  ])

  await rpc.call('consumers.limit', { serviceId, teamId: web.teamId, perMinute: 1 }, by)
  await call(429)
  await expect
    .poll(async () => (await rpc.call('shared.usage', { teamId: web.teamId, name, days: 1 })).total.limited, patient)
    .toBeGreaterThan(0)
  await rpc.call('consumers.limit', { serviceId, teamId: web.teamId, perMinute: null }, by)

  // The second revision lacks a field of its answer; the call of `Say` makes web one that it breaks for.
  await fetch(`http://127.0.0.1:${platform.gatewayPort}/v1/@crew/orders/Say`, {
    method: 'POST',
    headers: { authorization: `Bearer ${web.token}` },
  })
  await rpc.call('follows.set', { teamId: web.teamId, userId: platform.userId, name, follow: true })
  expect(await rpc.call('follows.list', { teamId: web.teamId, userId: platform.userId })).toEqual([name])
  await expect
    .poll(async () => (await rpc.call('services.dependants', { serviceId }))[0]?.endpoints, patient)
    .toContain('Say')
  const told = new Set<string>()
  const over = new AbortController()
  const watching = (async () => {
    for await (const event of rpc.stream('events.watch', {}, { signal: over.signal }))
      if (event.type === 'service' && event.teamId === web.teamId) told.add(event.serviceId)
  })().catch(() => {})
  const second = await platform.deploy('orders', describing([say({ total: { type: 'number' } })]))
  expect(second.endpointChanges).toEqual([
    {
      endpoint: 'Say',
      kind: 'missing',
      at: 'response.note',
      breaking: true,
      message: 'the response no longer has note',
    },
  ])
  await expect.poll(() => told.has(serviceId), patient).toBe(true)
  over.abort()
  await watching
  expect(await rpc.call('deployments.impact', { deploymentId: second.id })).toMatchObject([
    { change: { at: 'response.note' }, callers: [{ team: 'web', service: null, requests: 1 }] },
  ])

  // The same is told before a promotion, which it does not stop.
  const { id: alice } = await rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'alice',
    parentId: platform.production,
    ownerId: platform.userId,
  })
  await platform.deploy('orders', describing([say({})]), alice)
  const diff = await rpc.call('environments.diff', { environmentId: alice, againstId: null })
  expect(diff.services).toMatchObject([
    {
      service: 'orders',
      impacts: [{ change: { endpoint: 'Say', at: 'response.total', breaking: true }, callers: [{ team: 'web' }] }],
    },
  ])
  expect(diff.checks.filter(({ code }) => code === 'breaks')).toMatchObject([
    { service: 'orders', stops: false, message: 'Say: the response no longer has total (called by members of web)' },
  ])

  await rpc.call(
    'services.deprecate',
    {
      teamId: platform.teamId,
      serviceId,
      deprecation: { message: 'the new one is better', sunset: Date.UTC(2030, 0, 1), replacement: null },
    },
    by,
  )
  await expect(
    rpc.call(
      'services.deprecate',
      { teamId: platform.teamId, serviceId, deprecation: { message: 'x', sunset: null, replacement: 'orders' } },
      by,
    ),
  ).rejects.toThrow('replace itself')
  const answer = await fetch(`http://127.0.0.1:${platform.gatewayPort}/v1/@crew/orders/Say`, {
    method: 'POST',
    headers: { authorization: `Bearer ${web.token}` },
  })
  expect(answer.headers.get('sunset')).toBe('Tue, 01 Jan 2030 00:00:00 GMT')
  const news = await rpc.call('news.list', { teamId: web.teamId, userId: platform.userId })
  expect(news.map(({ kind, weighs, seen }) => ({ kind, weighs, seen }))).toEqual([
    { kind: 'deprecated', weighs: true, seen: false },
    { kind: 'endpoints', weighs: true, seen: false },
    { kind: 'approval', weighs: true, seen: false },
    { kind: 'deployed', weighs: false, seen: false },
  ])
  await rpc.call('news.seen', { userId: platform.userId })
  expect((await rpc.call('news.list', { teamId: web.teamId, userId: platform.userId })).every(({ seen }) => seen)).toBe(
    true,
  )

  await rpc.call('consumers.decide', { serviceId, teamId: web.teamId, verdict: 'revoke', answer: '' }, by)
  await call(403)
  await rpc.call('services.update', { serviceId, audience: { kind: 'team' } }, by)
  expect(await rpc.call('services.shared', { teamId: web.teamId, name: null })).toEqual([])
  expect(await rpc.call('follows.list', { teamId: web.teamId, userId: platform.userId })).toEqual([])
  // Of what is not shared any more, only that it is not.
  const after = await rpc.call('news.list', { teamId: web.teamId, userId: platform.userId })
  expect(after.map(({ kind }) => kind)).toEqual(['audience', 'approval', 'approval'])
  const audited = await rpc.call('audit.read', { teamId: web.teamId, before: null, limit: 100 })
  expect(audited.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['consumer.ask', 'consumer.approve', 'consumer.limit', 'consumer.revoke']),
  )
}, 120_000)

test('what may be read is found by its documents, read, and forked with its history; nothing else of it is', async () => {
  await using platform = await startPlatform()
  const { rpc } = platform
  const web = await secondTeam(platform)
  const { serviceId } = await platform.deploy(
    'orders',
    describing([], {
      'README.md': '# Orders\n\nInvoices and refunds.',
      'docs/limits.md': 'A zebra may order twice.',
      'docs/deep/x.md': 'deep',
      'notes.md': 'no document',
    }),
  )
  await platform.deploy(
    'orders',
    describing([], { 'README.md': '# Orders\n\nSecond.', 'docs/limits.md': 'A zebra may order twice.' }),
  )
  const { id: alice } = await rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'alice',
    parentId: platform.production,
    ownerId: platform.userId,
  })
  const hidden = await platform.deploy('orders', describing([], { 'secret.txt': 'of alice alone' }), alice)
  const name = '@crew/orders'
  const asWeb = { teamId: web.teamId, name }
  const search = (teamId: string, query: string) => rpc.call('services.search', { teamId, query })

  await expect
    .poll(() => search(platform.teamId, 'zebr order'), patient)
    .toMatchObject([{ serviceId, excerpt: expect.stringContaining('zebra') as string }])
  expect(await search(platform.teamId, 'zebra giraffe')).toEqual([])
  expect(await search(platform.teamId, `'); drop table documents; -- & | ! <->`)).toEqual([])
  expect(await search(web.teamId, 'zebra')).toEqual([])
  await expect(rpc.call('shared.docs', asWeb)).rejects.toThrow('is not shared with web')

  await rpc.call('services.update', { serviceId, audience: { kind: 'teams', teams: [web.teamId] } }, by)
  expect(await search(web.teamId, 'zebra')).toMatchObject([{ serviceId }])
  expect((await rpc.call('shared.docs', asWeb)).map(({ path }) => path)).toEqual(['README.md', 'docs/limits.md'])
  await expect(rpc.call('shared.tree', asWeb)).rejects.toThrow('only its team can read the source')
  await expect(
    rpc.call('services.fork', { ...asWeb, newName: 'orders', ownerId: platform.userId }, by),
  ).rejects.toThrow('only its team can read the source')

  await rpc.call('services.update', { serviceId, readable: 'callers', approval: true }, by)
  await expect(rpc.call('shared.tree', asWeb)).rejects.toThrow('only its team can read the source')
  await rpc.call('services.update', { serviceId, approval: false }, by)
  expect((await rpc.call('shared.tree', asWeb)).map(({ path }) => path)).toEqual([
    'README.md',
    'docs/limits.md',
    'index.js',
  ])
  await expect(rpc.call('shared.read', { ...asWeb, path: '../../keys' })).rejects.toThrow()
  await expect(rpc.call('shared.read', { ...asWeb, path: 'secret.txt' })).rejects.toThrow(
    'file secret.txt does not exist',
  )

  await rpc.call('services.update', { serviceId, readable: 'anyone', audience: { kind: 'team' } }, by)
  expect((await rpc.call('services.shared', { teamId: web.teamId, name }))[0]).toMatchObject({ access: 'read' })
  const forked = await rpc.call('services.fork', { ...asWeb, newName: 'orders', ownerId: platform.userId }, by)
  const git = async (...args: string[]) =>
    (
      await run('git', [
        `--git-dir=${join(platform.home.path, 'source', `${forked.serviceId}.git`)}`,
        '-c',
        'safe.directory=*',
        ...args,
      ])
    ).stdout.trim()
  expect(await git('rev-list', '--count', 'main')).toBe(
    await run('git', [
      `--git-dir=${join(platform.home.path, 'source', `${serviceId}.git`)}`,
      '-c',
      'safe.directory=*',
      'rev-list',
      '--count',
      'main',
    ]).then(({ stdout }) => stdout.trim()),
  )
  expect(Number(await git('rev-list', '--count', 'main'))).toBeGreaterThan(1)
  expect(await git('rev-parse', 'main')).toBe(forked.commit)
  await expect(git('cat-file', '-e', hidden.commit)).rejects.toThrow()
  expect(await git('fsck', '--full')).toBe('')
  const own = (
    await rpc.call('services.list', {
      teamId: web.teamId,
      environmentId: (await rpc.call('environments.list', { teamId: web.teamId }))[0]?.id ?? '',
    })
  )[0]
  expect(own).toMatchObject({
    name: 'orders',
    team: 'web',
    forkedFrom: { name, revision: forked.commit.slice(0, 7) },
    audience: { kind: 'team' },
  })
  await expect(
    rpc.call('services.fork', { ...asWeb, newName: 'orders', ownerId: platform.userId }, by),
  ).rejects.toThrow('a service named orders already exists')
}, 120_000)

test('a service moves to another team under calls from both: none is lost, and its former name leads to it', async () => {
  await using platform = await startPlatform()
  const { rpc } = platform
  const web = await secondTeam(platform)
  const { serviceId } = await platform.deploy('orders', describing([]))
  await rpc.call('services.update', { serviceId, audience: { kind: 'teams', teams: [web.teamId] } }, by)
  const statuses = new Map<string, number>()
  let stop = false
  const caller = async (service: string, token: string) => {
    while (!stop) {
      const { status, body } = await platform.call(service, { authorization: `Bearer ${token}` })
      const key = `${status} ${body}`
      statuses.set(key, (statuses.get(key) ?? 0) + 1)
    }
  }
  const callers = [
    caller('orders', platform.token),
    caller('@crew/orders', platform.token),
    caller('@crew/orders', web.token),
    caller('@crew/orders', web.token),
  ]
  await expect.poll(() => statuses.get('200 said by crew') ?? 0, patient).toBeGreaterThan(20)
  const { deploymentId } = await rpc.call(
    'services.transfer',
    { serviceId, teamId: web.teamId },
    { ...by, timeoutMs: 60_000 },
  )
  expect((await platform.settled(deploymentId ?? '')).state).toBe('live')
  await expect.poll(() => statuses.get('200 said by web') ?? 0, patient).toBeGreaterThan(40)
  stop = true
  await Promise.all(callers)
  expect([...statuses.keys()].sort()).toEqual(['200 said by crew', '200 said by web'])
  expect((await platform.call('orders', { authorization: `Bearer ${web.token}` })).status).toBe(200)
  for (const name of ['@crew/orders', '@web/orders'])
    expect((await rpc.call('services.shared', { teamId: platform.teamId, name }))[0]).toMatchObject({
      team: 'web',
      access: 'open',
    })
  await expect
    .poll(() => rpc.call('news.list', { teamId: platform.teamId, userId: platform.userId }), patient)
    .toMatchObject([{ kind: 'moved', service: 'orders', team: 'web', why: 'called' }])
  // The former team's folder of that name is no way into what is another's now.
  await expect(platform.deploy('orders', describing([]))).rejects.toMatchObject({ code: 'name_taken' })
  expect((await platform.call('orders')).body).toBe('said by web')
}, 120_000)

test('the runtime is killed while a service moves: it serves afterwards, in the one team or the other, under both names', async () => {
  await using platform = await startPlatform()
  const { rpc } = platform
  const web = await secondTeam(platform)
  const { serviceId } = await platform.deploy('orders', describing([]))
  let at = { teamId: platform.teamId, other: web.teamId }
  const outcomes = new Set<string>()
  for (const afterMs of [5, 60, 150, 400]) {
    const moved = rpc
      .call('services.transfer', { serviceId, teamId: at.other }, { ...by, timeoutMs: 60_000 })
      .catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    await platform.runtime.killAndStartAgain()
    await moved
    const answer = () => platform.call('@crew/orders', { authorization: `Bearer ${platform.token}` })
    await expect.poll(async () => (await answer()).status, { timeout: 40_000 }).toBe(200)
    const { body } = await answer()
    outcomes.add(body)
    at =
      body === 'said by web'
        ? { teamId: web.teamId, other: platform.teamId }
        : { teamId: platform.teamId, other: web.teamId }
    const [listed] = await rpc.call('services.list', {
      teamId: at.teamId,
      environmentId: (await rpc.call('environments.list', { teamId: at.teamId }))[0]?.id ?? '',
    })
    expect(listed).toMatchObject({ name: 'orders', state: 'live' })
  }
  expect([...outcomes].every((body) => body === 'said by crew' || body === 'said by web')).toBe(true)
}, 180_000)
