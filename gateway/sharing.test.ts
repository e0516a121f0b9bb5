import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TrafficCount } from '#contract/gateway-api.ts'
import { checkAudience } from './identity/identity.ts'
import { Limits } from './limits.ts'
import type { Service } from './routes/entities.ts'
import { type Stand, startStand } from './testing/stand.ts'

let stand: Stand
let own: { authorization: string }
let theirs: { authorization: string }
let shared: string

beforeAll(async () => {
  stand = await startStand()
  const upstream = await stand.upstream((message, response) => response.end(String(message.headers['m3o-caller'])))
  shared = stand.service('hello', { audience: { kind: 'teams', teams: ['t_other'] } })
  stand.release(shared, 'e_production', [upstream])
  const hisOwn = stand.service('caller', { team: 't_other' })
  stand.release(hisOwn, 'e_other', [upstream])
  own = stand.token('m3o_own')
  theirs = stand.token('m3o_theirs', { teamId: 't_other' })
  stand.caller('theirs-1234567890123456', hisOwn, 'e_other', { teamId: 't_other' })
})
afterAll(() => stand.close())

async function as(more: Partial<Service>, work: () => Promise<void>) {
  const before = stand.table.services[shared] ?? expect.unreachable()
  stand.table.services[shared] = { ...before, ...more }
  await stand.publish()
  await work()
  stand.table.services[shared] = before
}

const call = (headers: Record<string, string> = {}, path = '/v1/@demo/hello/Say') =>
  fetch(`${stand.base}${path}`, { method: 'POST', headers })

test('where approval is wanted, another team is told what to do until it is approved; the own team never asks', async () => {
  await as({ approved: [] }, async () => {
    const refused = await call(theirs)
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({
      code: 403,
      reason: 'approval_needed',
      fix: expect.stringContaining('m3o consumer ask'),
    })
    const service = await fetch(`${stand.base}/~theirs-1234567890123456/@demo/hello/Say`, { method: 'POST' })
    expect(service.status).toBe(403)
    expect((await call(own)).status).toBe(200)
  })
  await as({ approved: ['t_other'] }, async () => {
    expect((await call(theirs)).status).toBe(200)
    expect(
      await (await fetch(`${stand.base}/~theirs-1234567890123456/@demo/hello/Say`, { method: 'POST' })).text(),
    ).toBe('service="caller", team="other"')
    expect((await call()).status).toBe(401)
  })
  await as({ audience: { kind: 'anyone' }, approved: ['t_other'] }, async () => {
    expect((await call()).status).toBe(401)
    expect((await call(theirs)).status).toBe(200)
  })
  await as({ audience: { kind: 'team' }, approved: ['t_other'] }, async () =>
    expect((await call(theirs)).status).toBe(403),
  )
})

test('a team that calls beyond its limit gets 429 and when to come again, others and the own team go on', async () => {
  await as({ audience: { kind: 'anyone' }, limit: { perMinute: 1_000, teams: { t_other: 3 } } }, async () => {
    // A minute that turns meanwhile would let a part of them through.
    const answers = []
    for (let n = 0; n < 12; n++) answers.push(await call(theirs))
    const limited = answers.filter(({ status }) => status === 429)
    expect(limited.length).toBeGreaterThanOrEqual(6)
    expect(Number(limited.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await limited.at(-1)?.json()).toMatchObject({ code: 429, id: 'm3o.rate_limited' })
    for (let n = 0; n < 8; n++) expect((await call(own)).status).toBe(200)
    expect((await call()).status).toBe(200)
    // People and services of a team have one limit together.
    expect((await fetch(`${stand.base}/~theirs-1234567890123456/@demo/hello/Say`, { method: 'POST' })).status).toBe(429)
    const counts = await countsUntil((all) =>
      all.some(({ caller, limited: many }) => caller === 'person/t_other' && many >= 6),
    )
    expect(counts.find(({ caller }) => caller === 'person/t_other')).toMatchObject({
      endpoints: { Say: expect.any(Number) as number },
    })
    expect(counts.find(({ caller }) => caller.startsWith('service/'))).toMatchObject({
      limited: expect.any(Number) as number,
    })
  })
})

async function countsUntil(isThere: (all: TrafficCount[]) => boolean): Promise<TrafficCount[]> {
  const all = new Map<string, TrafficCount>()
  const over = new AbortController()
  for await (const { counts } of stand.control.stream('traffic.watch', {}, { signal: over.signal })) {
    for (const count of counts) all.set(`${count.serviceId} ${count.environmentId} ${count.caller}`, count)
    if (isThere([...all.values()])) {
      over.abort()
      break
    }
  }
  return [...all.values()]
}

test('no sixty seconds hold more calls than the limit and what passes away of the minute before', () => {
  let now = 1_000 * 60_000
  const limits = new Limits(() => now)
  const service = { id: 's', name: 'hello', limit: { perMinute: 10, teams: { free: null } } } as unknown as Service
  const take = (team: string | undefined, address?: string) => {
    try {
      limits.take(service, team, address)
      return 0
    } catch (error) {
      return (error as { data: { retryAfter: number } }).data.retryAfter
    }
  }
  const passed: number[] = []
  for (; now < 1_005 * 60_000; now += 700) if (take('t') === 0) passed.push(now)
  for (const at of passed)
    expect(passed.filter((other) => other >= at && other < at + 60_000).length).toBeLessThanOrEqual(12)
  expect(passed.length).toBeGreaterThan(40)
  // Whoever waits as long as they are told to is let in.
  now = 2_000 * 60_000 + 31_000
  while (take('w') === 0);
  const wait = take('w')
  now += wait * 1000
  expect(take('w')).toBe(0)
  for (let n = 0; n < 50; n++) expect(take('free')).toBe(0)
  for (let n = 0; n < 10; n++) expect(take(undefined, '10.0.0.1')).toBe(0)
  expect(take(undefined, '10.0.0.1')).toBeGreaterThan(0)
  expect(take(undefined, '10.0.0.2')).toBe(0)
})

test('answers of a deprecated service say since when, until when, and what instead', async () => {
  await as(
    { deprecation: { at: 1_760_000_000_999, sunset: Date.UTC(2027, 0, 31, 12), replacement: '@demo/hello-2' } },
    async () => {
      const { headers } = await call(theirs)
      expect([headers.get('deprecation'), headers.get('sunset'), headers.get('link')]).toEqual([
        '@1760000000',
        'Sun, 31 Jan 2027 12:00:00 GMT',
        '</v1/@demo/hello-2>; rel="successor-version"',
      ])
    },
  )
  await as({}, async () => expect((await call(theirs)).headers.get('deprecation')).toBeNull())
})

test('a name that a service had in another team leads to it, by path and by host, until that team takes it', async () => {
  await as({ formerIn: [{ teamId: 't_other', name: 'hello' }] }, async () => {
    expect((await call(theirs, '/v1/hello/Say')).status).toBe(200)
    expect((await call(own, '/v1/@other/hello/Say')).status).toBe(200)
    const moved = await new Promise<string | undefined>((resolve, reject) => {
      request(
        { port: new URL(stand.base).port, path: '/a?b', headers: { host: 'hello--other.localhost:8080', ...theirs } },
        (answer) => resolve(`${answer.resume().statusCode} ${answer.headers.location}`),
      )
        .on('error', reject)
        .end()
    })
    expect(moved).toBe('307 http://hello--demo.localhost:8080/a?b')
    const taken = stand.service('hello', { team: 't_other' })
    stand.release(taken, 'e_other', [await stand.upstream((_, response) => response.end('another'))])
    await stand.publish()
    expect(await (await call(theirs, '/v1/hello/Say')).text()).toBe('another')
  })
})

test('calls of a service that changes hands wait, with their bodies, and are let in where it is then', async () => {
  await as({ moving: true }, async () => {
    const calls = Array.from({ length: 20 }, () =>
      fetch(`${stand.base}/v1/@demo/hello/Say`, { method: 'POST', headers: theirs, body: 'x'.repeat(100_000) }).then(
        ({ status }) => status,
      ),
    )
    const early = await Promise.race([...calls, new Promise((resolve) => setTimeout(() => resolve('they wait'), 150))])
    expect(early).toBe('they wait')
    const { moving: _moving, ...rest } = stand.table.services[shared] ?? expect.unreachable()
    stand.table.services[shared] = rest
    await stand.publish()
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 20 }, () => 200))
  })
})

test('who is signed in and in no team is still of the platform, and of no team that a service is shared with', () => {
  const nomad = {
    kind: 'person',
    personId: 'u',
    email: 'u@example.com',
    machine: undefined,
    teamIds: [],
    token: undefined,
  } as Parameters<typeof checkAudience>[0]
  const service = (audience: Service['audience'], approved?: string[]) =>
    ({ id: 's', teamId: 't', name: 'hello', formerNames: [], audience, ...(approved && { approved }) }) as Service
  expect(checkAudience(nomad, service({ kind: 'platform' }))).toBeUndefined()
  expect(() => checkAudience(nomad, service({ kind: 'platform' }, []))).toThrow('requires approval')
  expect(() => checkAudience(nomad, service({ kind: 'teams', teams: ['t_other'] }))).toThrow('not shared with you')
  expect(() => checkAudience(nomad, service({ kind: 'team' }))).toThrow('not shared with you')
})
