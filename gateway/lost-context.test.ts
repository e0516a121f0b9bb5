import { request as httpRequest, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { portOf, type Stand, startStand } from './testing/stand.ts'

let stand: Stand
let authorization: { authorization: string }
const held: ServerResponse[] = []
const [shared, own] = ['s'.repeat(32), 'o'.repeat(32)]

/** `shared` runs in production for alice too; `own` is alice's copy of it. Both hold what they are asked until they are let go. */
beforeAll(async () => {
  stand = await startStand()
  const echo = await stand.upstream((_, response) => response.end('{}'))
  const holding = await Promise.all(
    [shared, own].map(() =>
      stand.upstream((request, response) => (request.url === '/hold' ? void held.push(response) : response.end())),
    ),
  )
  const [hello, target] = [stand.service('hello'), stand.service('target')]
  stand.environment('alice', 'e_production')
  stand.environment('below', 'e_alice')
  for (const [index, environment, key] of [
    [0, 'e_production', shared],
    [1, 'e_below', own],
  ] as const) {
    stand.release(hello, environment, [], `rev000${index}`)
    const server = holding[index]
    const release = stand.table.releases[`${environment}/${hello}`]
    if (server && release) release.instances = [{ id: `i_${key}`, address: '127.0.0.1', port: portOf(server) }]
    stand.caller(key, hello, environment)
  }
  for (const environment of ['e_production', 'e_below']) stand.release(target, environment, [echo])
  authorization = stand.token('m3o_ann')
  await stand.publish()
})
afterAll(() => stand.close())

function ask(path: string, headers: Record<string, string> = {}): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    httpRequest(`${stand.base}${path}`, { headers, agent: false }, (answer) =>
      answer.resume().on('end', () => resolve(answer.headers as Record<string, string>)),
    )
      .on('error', reject)
      .end()
  })
}

async function hold(environment: string): Promise<() => Promise<unknown>> {
  const before = held.length
  const answer = ask('/v1/hello/hold', { ...authorization, 'm3o-environment': environment })
  await expect.poll(() => held.length).toBe(before + 1)
  return () => (held[before]?.end(), answer)
}

async function lost() {
  const watch = stand.control.stream('traffic.watch', {})
  const { value } = await watch.next()
  await watch.return()
  return value?.lost
}

const served = async (key: string, headers = {}) =>
  (await ask(`/~${key}/target/x`, headers))['m3o-served-by']?.split(' ').at(-1)

test('what a shared instance calls while it answers another environment, without saying for whom, is counted and traced as lost', async () => {
  const ofProduction = await hold('production')
  expect(await served(shared)).toBe('production')
  expect(await lost()).toEqual([])
  const ofAlice = await hold('alice')
  const { traceparent = '' } = await ask(`/~${shared}/target/x`)
  expect(await lost()).toMatchObject([
    {
      serviceId: 's_t_demo_hello',
      environmentId: 'e_production',
      revision: 'rev0000',
      calleeId: 's_t_demo_target',
      calls: 1,
    },
  ])
  expect(await stand.control.call('traces.read', { traceId: traceparent.slice(3, 35) })).toMatchObject([
    { caller: 'hello', environment: { name: 'production' }, choice: 'lost' },
  ])
  // With the claim, or with an environment that it names itself, nothing is lost.
  const baggage = String(held.at(-1)?.req.headers.baggage)
  expect(await served(shared, { baggage })).toBe('production')
  expect(await served(shared, { 'm3o-environment': 'below' })).toBe('below')
  expect((await lost())?.[0]?.calls).toBe(1)
  await Promise.all([ofProduction(), ofAlice()])
})

test('an instance in an overlay calls in that overlay even when every header is lost, and nothing counts as lost', async () => {
  const before = await lost()
  const ofBelow = await hold('below')
  expect(await served(own)).toBe('below')
  expect(await lost()).toEqual(before)
  await ofBelow()
  expect(await served(own)).toBe('below')
})

test('a forged claim is as good as none', async () => {
  const before = (await lost())?.[0]?.calls ?? 0
  const ofAlice = await hold('alice')
  expect(await served(shared, { baggage: 'm3o-env=e_below.1.AAAAAAAAAAAAAAAAAAAAAA' })).toBe('production')
  expect((await lost())?.[0]?.calls).toBe(before + 1)
  await ofAlice()
})

test('services that pass nothing on and call each other in a circle are stopped all the same', async () => {
  const key = 'c'.repeat(32)
  const circle = stand.service('circle')
  const depths: number[] = []
  const server = await stand.upstream((request, response) => {
    depths.push(Number(request.headers['m3o-hops']))
    httpRequest(`${stand.base}/~${key}/circle/x`, { agent: false }, (answer) =>
      answer.resume().on('end', () => response.writeHead(answer.statusCode ?? 0).end()),
    ).end()
  })
  stand.release(circle, 'e_production', [server])
  stand.caller(key, circle, 'e_production')
  const release = stand.table.releases[`e_production/${circle}`]
  if (release) release.instances = [{ id: `i_${key}`, address: '127.0.0.1', port: portOf(server) }]
  await stand.publish()
  const status = await new Promise((resolve) =>
    httpRequest(`${stand.base}/v1/circle/x`, { headers: authorization }, (answer) => resolve(answer.statusCode)).end(),
  )
  expect(status).toBe(508)
  expect(depths).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
})

test('a call for one that was answered, while others are being answered, is counted as late: it may be a queue that mistakes it for them', async () => {
  const late = async () =>
    (await lost())
      ?.filter((count) => count.late)
      .map(({ serviceId, environmentId, calls }) => ({ serviceId, environmentId, calls })) ?? []
  const ofAlice = await hold('alice')
  const { baggage = '', traceparent = '' } = (held.at(-1)?.req.headers ?? {}) as Record<string, string>
  const ofProduction = await hold('production')
  expect(await served(shared, { baggage, traceparent })).toBe('production')
  expect(await late()).toEqual([])
  await ofAlice()
  expect(await served(shared, { baggage, traceparent })).toBe('production')
  expect(await late()).toEqual([{ serviceId: 's_t_demo_hello', environmentId: 'e_production', calls: 1 }])
  await ofProduction()
  await served(shared, { baggage, traceparent })
  expect(await late()).toMatchObject([{ calls: 1 }])
})
