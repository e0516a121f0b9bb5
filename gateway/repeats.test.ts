import { connect, type Socket } from 'node:net'
import type { IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { bodyOf, type Stand, startStand } from './testing/stand.ts'

let stand: Stand
let service: string
let seen: { url: string; headers: IncomingHttpHeaders; body: string }[] = []
let answer = 'hello'

beforeAll(async () => {
  stand = await startStand()
  service = stand.service('web')
  const upstream = await stand.upstream(async (request, response) => {
    seen.push({ url: request.url as string, headers: request.headers, body: (await bodyOf(request)).toString() })
    response.setHeader('X-Answer', answer)
    response.end(answer)
  })
  stand.release(service, 'e_production', [upstream])
})
afterAll(() => stand.close())
beforeEach(() => {
  seen = []
  answer = 'hello'
})

/** One connection that is kept, and answers of it, each `{status} {field, …}` as asked for. */
async function keptConnection() {
  const socket: Socket = connect(stand.gateway.port, '127.0.0.1').setEncoding('latin1')
  await once(socket, 'connect')
  return {
    async ask(text: string) {
      socket.write(text)
      let got = ''
      while (
        !/\r\n\r\n/.test(got) ||
        got.length < got.indexOf('\r\n\r\n') + 4 + Number(/content-length: (\d+)/i.exec(got)?.[1])
      )
        got += (await once(socket, 'data'))[0]
      const field = (name: string) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(got)?.[1]
      return {
        status: Number(got.slice(9, 12)),
        field,
        body: got.slice(got.indexOf('\r\n\r\n') + 4),
        lines: got
          .split('\r\n\r\n', 1)[0]
          ?.replace(/^(traceparent|Date): .*$/gim, '$1')
          .split('\r\n'),
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

const head = (token: string, more = '') =>
  `GET /v1/web/Say?x=1 HTTP/1.1\r\nHost: h\r\nX-A: b\r\nAuthorization: Bearer ${token}\r\n${more}\r\n`

test('what is asked again is carried and answered as the first time, each with a trace of its own', async () => {
  stand.token('m3o_again')
  await stand.publish()
  using kept = await keptConnection()
  const answers = []
  for (let i = 0; i < 5; i++) answers.push(await kept.ask(head('m3o_again')))
  expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(Array(5).fill('200 hello'))
  expect(answers.map(({ lines }) => lines?.toSorted())).toEqual(Array(5).fill(answers[0]?.lines?.toSorted()))
  const traces = seen.map(({ headers }) => headers.traceparent as string)
  expect(new Set(traces).size).toBe(5)
  expect(answers.map(({ field }) => field('traceparent'))).toEqual(traces)
  const [first, ...others] = seen.map(({ url, headers: { traceparent: _, ...headers } }) => ({ url, headers }))
  for (const other of others) expect(other).toEqual(first)
  expect(first).toMatchObject({
    url: '/Say?x=1',
    headers: { 'x-a': 'b', 'm3o-caller': 'person="ann@x.y", team="demo"', 'm3o-hops': '1' },
  })
  for await (const { counts } of stand.control.stream('traffic.watch', {})) {
    expect(counts.filter(({ serviceId }) => serviceId === service)).toMatchObject([
      { requests: 5, inFlight: 0, endpoints: { Say: 5 } },
    ])
    break
  }

  answer = 'another'
  for (let i = 0; i < 3; i++) {
    const other = await kept.ask(head('m3o_again'))
    expect([other.body, other.field('X-Answer'), other.field('Content-Length')]).toEqual(['another', 'another', '7'])
  }
})

test('bodies of the same length are each their own', async () => {
  stand.token('m3o_body')
  await stand.publish()
  using kept = await keptConnection()
  for (const body of ['one', 'two', 'six', 'ten']) {
    expect((await kept.ask(head('m3o_body', 'Content-Length: 3\r\n').replace('GET', 'POST') + body)).status).toBe(200)
  }
  expect(seen.map(({ body }) => body)).toEqual(['one', 'two', 'six', 'ten'])
})

test('who may not any more is refused, however often they were let in before', async () => {
  stand.token('m3o_revoked')
  await stand.publish()
  using kept = await keptConnection()
  for (let i = 0; i < 4; i++) expect((await kept.ask(head('m3o_revoked'))).status).toBe(200)
  delete stand.table.tokens.tk_m3o_revoked
  await stand.publish()
  expect((await kept.ask(head('m3o_revoked'))).status).toBe(401)
})

test('a token ends at its time', async () => {
  const expiresAt = Date.now() + 1500
  stand.token('m3o_ends', { expiresAt })
  await stand.publish()
  using kept = await keptConnection()
  const statuses: number[] = []
  while (statuses.at(-1) !== 401) {
    const before = Date.now()
    const { status } = await kept.ask(head('m3o_ends'))
    if (before >= expiresAt) expect(status).toBe(401)
    statuses.push(status)
  }
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(3)
})

test('calls are limited that are all the same', async () => {
  const open = stand.service('open', { audience: { kind: 'anyone' } })
  stand.table.services[open] = {
    ...(stand.table.services[open] as (typeof stand.table.services)[string]),
    limit: { perMinute: 4, teams: {} },
  }
  stand.release(open, 'e_production', [await stand.upstream((_, response) => response.end('open'))])
  await stand.publish()
  using kept = await keptConnection()
  const statuses: number[] = []
  for (let i = 0; i < 6; i++) statuses.push((await kept.ask('GET /v1/@demo/open/ HTTP/1.1\r\nHost: h\r\n\r\n')).status)
  expect(statuses).toEqual([200, 200, 200, 200, 429, 429])
})

test('an answer that the service gives again is told each caller as fits it', async () => {
  stand.token('m3o_fits')
  await stand.publish()
  using kept = await keptConnection()
  const byHost = () => kept.ask('GET / HTTP/1.1\r\nHost: web--demo.localhost\r\nAuthorization: Bearer m3o_fits\r\n\r\n')
  for (let i = 0; i < 4; i++) {
    expect((await kept.ask(head('m3o_fits'))).field('Content-Security-Policy')).toBe('sandbox')
    expect((await byHost()).field('Content-Security-Policy')).toBeUndefined()
  }
  const release = stand.table.releases[`e_production/${service}`] as (typeof stand.table.releases)[string]
  const say = async () => (await kept.ask(head('m3o_fits'))).field('M3O-Served-By')
  for (let i = 0; i < 3; i++) expect(await say()).toBe('web@abc1234 production')
  // Nothing but the release is another.
  await stand.control.call('routes.apply', {
    version: 2,
    epoch: stand.table.epoch,
    releases: { [`e_production/${service}`]: { ...release, revision: 'def5678' } },
  })
  for (let i = 0; i < 3; i++) expect(await say()).toBe('web@def5678 production')
})
