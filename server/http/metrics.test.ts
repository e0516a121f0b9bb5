import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startStand, type Stand } from '../testing/stand.ts'

let stand: Stand
let owner: ReturnType<Stand['as']>

beforeAll(async () => {
  stand = await startStand()
  const { person } = await stand.web.setup.run(stand.setupCode, {
    email: 'owner@example.com',
    name: 'Owner',
    password: 'a fine password',
  })
  owner = stand.as(await stand.viewerOf(person))
}, 60_000)
afterAll(async () => stand[Symbol.asyncDispose]())

async function read(path: string, token: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(stand.settings.url + path, { headers: { authorization: `Bearer ${token}` } })
  return { status: answer.status, text: await answer.text() }
}

const value = (text: string, line: string): number => {
  const found = text.split('\n').find((each) => each.startsWith(`${line} `))
  return found === undefined ? NaN : Number(found.slice(line.length + 1))
}

test('an operator’s token for it reads what each process counts: calls by service and who called, and how they are', async () => {
  await owner.services.create({ team: 'demo', name: 'counted', template: 'hello' })
  const here = { team: 'demo', environment: 'production', service: 'counted' }
  const { deploymentId } = await owner.deployments.start({ ...here, what: { draft: {} } })
  await eventually(async () => (await owner.deployments.get({ team: 'demo', deploymentId })).state === 'live')
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, n) =>
      owner.calls.send({ ...here, path: '/Hello', body: JSON.stringify({ name: `n${n}` }) }),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  const { token } = await owner.tokens.create({
    team: 'demo',
    name: 'prometheus',
    scope: { actions: ['platform.read'] },
  })

  const labels = 'team="demo",service="counted",environment="production"'
  const gateway = await read('/metrics/gateway', token)
  expect(gateway.status).toBe(200)
  expect(value(gateway.text, `m3o_requests_total{${labels},caller="person"}`)).toBe(5)
  expect(value(gateway.text, `m3o_request_errors_total{${labels},caller="person"}`)).toBe(0)
  expect(value(gateway.text, `m3o_request_duration_seconds_count{${labels}}`)).toBe(5)
  expect(value(gateway.text, `m3o_request_duration_seconds_bucket{${labels},le="+Inf"}`)).toBe(5)
  expect(value(gateway.text, `m3o_request_duration_seconds_sum{${labels}}`)).toBeGreaterThan(0)
  const runtime = await read('/metrics/runtime', token)
  expect(value(runtime.text, 'm3o_healthy{check="database"}')).toBe(1)
  expect(value(runtime.text, 'm3o_services')).toBe(1)
  expect(value(runtime.text, 'm3o_instances{state="live"}')).toBe(1)
  expect(value(runtime.text, 'm3o_deployments{state="live"}')).toBe(1)
  expect(value((await read('/metrics', token)).text, 'process_resident_memory_bytes{process="web"}')).toBeGreaterThan(
    1e7,
  )
  expect((await read('/metrics/else', token)).status).toBe(404)

  // It is for that alone.
  expect((await read('/api/logs?team=demo&environment=production', token)).status).toBe(403)
  // A scope of everything is everything of a team.
  const { token: wide } = await owner.tokens.create({ team: 'demo', name: 'wide', scope: { actions: ['*'] } })
  expect((await read('/metrics/gateway', wide)).status).toBe(403)
}, 60_000)

test('nobody else’s token can have it', async () => {
  const { person } = await stand.web.people
    .create({ email: 'dev@example.com', name: 'dev', password: 'a fine password', operator: false })
    .then((person) => ({ person }))
  const { link } = await owner.invitations.create({ team: 'demo', email: person.email, role: 'owner' })
  const dev = stand.as(await stand.viewerOf(person))
  await dev.invitations.accept({ secret: decodeURIComponent(new URL(link).pathname.split('/')[2] ?? '') })
  await expect(dev.tokens.create({ team: 'demo', name: 'p', scope: { actions: ['platform.read'] } })).rejects.toThrow(
    'acts within one team',
  )
  const { token } = await dev.tokens.create({ team: 'demo', name: 'p' })
  expect((await read('/metrics/gateway', token)).status).toBe(403)
})

test('health says what is away, and what to do, and that it is back', async () => {
  const state = async (name: string) => (await owner.platform.health()).find((check) => check.name === name)
  expect(await state('gateway')).toMatchObject({ state: 'ok' })
  // What runs outlives the runtime: it ends before that does.
  const here = { team: 'demo', environment: 'production', service: 'counted' }
  await owner.services.kill(here)
  await eventually(async () => (await owner.services.get(here)).instances.length === 0)
  await stand.gateway.stop()
  expect(await state('gateway')).toMatchObject({
    state: 'bad',
    says: expect.stringContaining('does not respond'),
    fix: expect.stringContaining('gateway.log'),
  })
  expect(await state('database')).toMatchObject({ state: 'ok' })
  await stand.runtime.stop()
  expect(await owner.platform.health()).toEqual([
    { name: 'runtime', state: 'bad', says: 'does not respond', fix: expect.stringContaining('runtime.log') },
  ])
})
