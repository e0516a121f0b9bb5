import { once } from 'node:events'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RoutingChange } from '#contract/routing.ts'
import { type Stand, startStand } from './testing/stand.ts'

/** `front` runs in a protected production and holds a secret of it; `dx`, `dx2` on it, have an override of what it calls. */
let stand: Stand
let ann: { authorization: string }
let lastBaggage = ''
const sockets: Duplex[] = []
const [frontKey, ownKey, plainKey, othersKey, laptopKey] = ['f', 'o', 'p', 't', 'l'].map((letter) =>
  letter.repeat(32),
) as [string, string, string, string, string]
const [front, plain, pay, hook] = ['s_t_demo_front', 's_t_demo_plain', 's_t_demo_pay', 's_t_other_hook']
let version = 1
const change = async (what: Omit<RoutingChange, 'version' | 'epoch'>) => {
  await stand.control.call('routes.apply', { ...what, version: ++version, epoch: stand.table.epoch })
}
const held = { protects: true, secretsOf: ['e_production'] as string[] | undefined }
const set = ({ protects, secretsOf }: typeof held) =>
  change({
    environments: { e_production: { ...stand.table.environments.e_production!, keepsSecrets: protects } },
    releases: { [`e_production/${front}`]: { ...stand.table.releases[`e_production/${front}`]!, secretsOf } },
  })

beforeAll(async () => {
  stand = await startStand()
  const echo = await stand.upstream(
    (request, response) => {
      lastBaggage = String(request.headers.baggage)
      if (request.url === '/stream') return void response.write('begun')
      response.end('{}')
    },
    (server) =>
      server.on('upgrade', (_, socket) => {
        sockets.push(socket.on('error', () => {}))
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      }),
  )
  for (const name of ['front', 'plain', 'pay', 'own'])
    stand.service(name, name === 'front' ? { audience: { kind: 'platform' } } : {})
  stand.service('hook', { team: 't_other', audience: { kind: 'platform' } })
  stand.environment('dx', 'e_production')
  stand.environment('dx2', 'e_dx')
  stand.environment('theirs', 'e_other', { teamId: 't_other' })
  for (const service of [front, plain, pay]) stand.release(service, 'e_production', [echo])
  stand.release(pay, 'e_dx', [echo], 'override')
  stand.release(hook, 'e_theirs', [echo], 'override')
  stand.release(hook, 'e_other', [echo])
  stand.caller(frontKey, front, 'e_production')
  stand.caller(plainKey, plain, 'e_production')
  stand.caller(ownKey, 's_t_demo_own', 'e_dx')
  stand.caller(laptopKey, 's_t_demo_own', 'e_dx')
  stand.caller(othersKey, hook, 'e_theirs', { teamId: 't_other' })
  ann = stand.token('m3o_ann')
  stand.token('m3o_dx', { environmentId: 'e_dx' })
  await stand.publish()
}, 30_000)
beforeEach(() => set(held))
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  return stand.close()
})

function ask(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; by: string; text: string; answer: IncomingMessage }> {
  return new Promise((resolve, reject) => {
    httpRequest(`${stand.base}${path}`, { headers, agent: false }, (answer) => {
      const done = (text: string) =>
        resolve({
          status: answer.statusCode ?? 0,
          by:
            String(answer.headers['m3o-served-by'] ?? '')
              .split(' ')
              .at(-1) ?? '',
          text,
          answer,
        })
      let text = ''
      if (path.endsWith('/stream')) return void answer.once('data', (part: Buffer) => done(String(part)))
      answer
        .setEncoding('utf8')
        .on('data', (part: string) => {
          text += part
        })
        .on('end', () => done(text))
    })
      .on('error', reject)
      .end()
  })
}
const refused = { status: 403, text: expect.stringContaining('"reason":"protected_secrets"') as string }
const inDx = () => ({ ...ann, 'm3o-environment': 'dx' })

test('a call made in an overlay is not served by what has secrets of the protected environment, however it comes to be made there', async () => {
  const { text } = await ask('/v1/front/x', inDx())
  expect(JSON.parse(text)).toMatchObject({
    code: 403,
    detail:
      'front in production has secrets of the protected environment production: it does not serve calls made in dx',
    fix: expect.stringMatching(
      /m3o deploy front --env dx.*m3o secret mark front.*m3o env protect production --overlays/,
    ) as string,
  })
  await ask('/v1/plain/x', inDx())
  const carried = { baggage: lastBaggage }
  for (const [path, headers] of [
    ['/v1/front/x', { ...ann, 'm3o-environment': 'dx2' }],
    ['/v1/front/x', { authorization: 'Bearer m3o_dx' }],
    ['/v1/front/x', { ...ann, ...carried }],
    ['/x', { ...ann, host: 'front--dx--demo.localhost' }],
    [`/~${ownKey}/front/x`, {}],
    [`/~${laptopKey}/front/x`, {}],
    [`/~${ownKey}/front/x`, carried],
    [`/~${plainKey}/front/x`, carried],
  ] as [string, Record<string, string>][])
    expect(await ask(path, headers), `${path} ${JSON.stringify(headers)}`).toMatchObject(refused)
  expect(await ask('/v1/front/x', ann)).toMatchObject({ status: 200, by: 'production' })
  expect(await ask('/v1/plain/x', inDx())).toMatchObject({ status: 200, by: 'production' })
  expect(await ask('/v1/pay/x', inDx())).toMatchObject({ status: 200, by: 'dx' })
})

test('what holds them calls no override of another environment, whatever it says of the call', async () => {
  await ask('/v1/plain/x', inDx())
  for (const headers of [{ baggage: lastBaggage }, { 'm3o-environment': 'dx' }, { 'm3o-environment': 'dx2' }] as Record<
    string,
    string
  >[])
    expect(await ask(`/~${frontKey}/pay/x`, headers), JSON.stringify(headers)).toMatchObject(refused)
  expect(await ask(`/~${frontKey}/pay/x`)).toMatchObject({ status: 200, by: 'production' })
  expect(await ask(`/~${plainKey}/pay/x`, { 'm3o-environment': 'dx' })).toMatchObject({ status: 200, by: 'dx' })
})

test('another team calls it from its own overlay, as any consumer does; what it sends does not come back into that overlay', async () => {
  expect(await ask(`/~${othersKey}/@demo/front/x`)).toMatchObject({ status: 200, by: 'production' })
  const baggage = lastBaggage
  expect(baggage).toContain('e_theirs')
  expect(await ask(`/~${frontKey}/@demo/pay/x`, { baggage })).toMatchObject({ status: 200, by: 'production' })
  expect(await ask(`/~${frontKey}/@other/hook/x`, { baggage })).toMatchObject(refused)
  expect(await ask(`/~${plainKey}/@other/hook/x`, { baggage })).toMatchObject({ status: 200, by: 'theirs' })
})

test('it is served where the protection allows it, where nothing protects, and where the secrets are marked as inheritable', async () => {
  for (const what of [
    { ...held, protects: false },
    { ...held, secretsOf: undefined },
  ]) {
    await set(what)
    expect(await ask('/v1/front/x', inDx())).toMatchObject({ status: 200, by: 'production' })
    expect(await ask(`/~${frontKey}/pay/x`, { 'm3o-environment': 'dx' })).toMatchObject({ status: 200, by: 'dx' })
  }
})

test('of a parent between: an unprotected one that has secrets of a protected one further up is refused as well', async () => {
  await change({
    releases: {
      [`e_dx/${front}`]: {
        ...stand.table.releases[`e_production/${front}`]!,
        environmentId: 'e_dx',
        secretsOf: ['e_production'],
      },
    },
  })
  expect(await ask('/v1/front/x', { ...ann, 'm3o-environment': 'dx2' })).toMatchObject(refused)
  expect(await ask('/v1/front/x', inDx())).toMatchObject({ status: 200, by: 'dx' })
  await change({ releases: { [`e_dx/${front}`]: null } })
})

test('sockets and answers that go on end when what serves them may not any more; those of its own environment stay', async () => {
  await set({ ...held, protects: false })
  const socket = async (environment: string) => {
    const opened = connect(stand.gateway.port, '127.0.0.1')
    opened.write(
      `GET /v1/front/socket HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer m3o_ann\r\nM3O-Environment: ${environment}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    )
    expect(String(((await once(opened, 'data')) as [Buffer])[0])).toContain(' 101 ')
    return opened
  }
  const [here, there] = [await socket('production'), await socket('dx')]
  const stream = await ask(`/~${ownKey}/front/stream`)
  const closed = (one: NodeJS.ReadableStream) =>
    new Promise((resolve) =>
      one
        .on('error', () => {})
        .once('close', resolve)
        .resume(),
    )
  const ended = Promise.all([closed(there), closed(stream.answer)])
  await set(held)
  await ended
  expect(here.readyState).toBe('open')
  here.destroy()
})

test('nor does what served before a switch, for a call that began before it, once a secret is not inheritable any more', async () => {
  await set({ ...held, secretsOf: undefined })
  await ask('/v1/plain/x', inDx())
  const baggage = lastBaggage
  const before = stand.table.releases[`e_production/${front}`]!
  const after = {
    ...before,
    deploymentId: 'd_2',
    revision: 'newer00',
    instances: [{ ...before.instances[0]!, id: 'i_new' }],
  }
  const old = {
    instanceId: before.instances[0]!.id,
    key: 'x',
    serviceId: front,
    environmentId: 'e_production',
    teamId: 't_demo',
    from: '127.0.0.1',
    overlay: false,
  }
  await change({
    callers: { [old.instanceId]: old },
    environments: { e_production: { ...stand.table.environments.e_production!, keepsSecrets: true, generation: 4 } },
    releases: { [`e_production/${front}`]: after },
  })
  const asked = await ask(`/~${ownKey}/front/x`, { baggage })
  expect([asked.status, asked.answer.headers['m3o-served-by']]).toEqual([200, 'front@abc1234 production'])
  await change({ releases: { [`e_production/${front}`]: { ...after, secretsOf: ['e_production'] } } })
  expect(await ask(`/~${ownKey}/front/x`, { baggage })).toMatchObject(refused)
})

test('an instance does not call in an environment that its own one is not inherited by, whatever it says', async () => {
  const other = { status: 403, text: expect.stringContaining('"reason":"other_environment"') as string }
  expect(await ask(`/~${plainKey}/pay/x`)).toMatchObject({ status: 200, by: 'production' })
  const production = lastBaggage
  expect(await ask(`/~${ownKey}/pay/x`)).toMatchObject({ status: 200, by: 'dx' })
  expect(await ask(`/~${ownKey}/pay/x`, { 'm3o-environment': 'production' })).toMatchObject(other)
  expect(await ask(`/~${ownKey}/pay/x`, { baggage: production })).toMatchObject(other)
  await change({ environments: { e_production: { ...stand.table.environments.e_production!, generation: 9 } } })
  expect(await ask(`/~${ownKey}/pay/x`, { baggage: production })).toMatchObject(other)
  // A token of its own says for itself where it may call; what inherits may be called in.
  expect(await ask(`/~${ownKey}/pay/x`, { 'm3o-environment': 'production', ...ann })).toMatchObject({
    status: 200,
    by: 'production',
  })
  expect(await ask(`/~${plainKey}/pay/x`, { 'm3o-environment': 'dx' })).toMatchObject({ status: 200, by: 'dx' })
})
