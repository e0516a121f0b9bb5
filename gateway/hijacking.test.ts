import { afterAll, beforeAll, expect, test } from 'vitest'
import { raw, type Stand, startStand } from './testing/stand.ts'

/* A service's sockets, through the gateway: a cookie of its host acts for pages of that host alone, a token from anywhere. */

const host = 'app--demo.localhost:8080'
const stands: Record<'http' | 'https', Stand> = {} as never
const cookies: Record<'http' | 'https', string> = {} as never
const tokens: Record<'http' | 'https', string> = {} as never

beforeAll(async () => {
  for (const scheme of ['http', 'https'] as const) {
    const stand = await startStand(scheme === 'https' ? { url: 'https://console.example' } : {})
    const app = await stand.upstream(
      () => {},
      (server) =>
        server.on('upgrade', (_request, socket) => {
          socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
        }),
    )
    stand.release(stand.service('app'), 'e_production', [app])
    tokens[scheme] = stand.token('m3o_of_ann').authorization
    await stand.publish()
    stands[scheme] = stand
    cookies[scheme] = await stand.signIn(host)
  }
})
afterAll(async () => {
  for (const stand of Object.values(stands)) await stand.close()
})

async function upgrade(scheme: 'http' | 'https', headers: Record<string, string | undefined>): Promise<number> {
  const lines = Object.entries({ host, connection: 'Upgrade', upgrade: 'websocket', ...headers })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]))
    .join('')
  return Number(
    (await raw(stands[scheme].gateway.port, `GET /socket HTTP/1.1\r\n${lines}\r\n`, { patienceMs: 2_000 })).slice(
      9,
      12,
    ),
  )
}

const originsOf = (scheme: 'http' | 'https') => ({
  none: undefined,
  null: 'null',
  'another host': `${scheme}://evil.example`,
  'a sibling subdomain': `${scheme}://theirs--other.localhost:8080`,
  'the domain itself': `${scheme}://localhost:8080`,
  'the console': 'http://127.0.0.1:4000',
  'another port': `${scheme}://app--demo.localhost:9999`,
  'another scheme': `${scheme === 'http' ? 'https' : 'http'}://${host}`,
})

test.each(['http', 'https'] as const)(
  "over %s, a service's socket takes the cookie from pages of its own host alone",
  async (scheme) => {
    const own = `${scheme}://${host}`
    const cookie = cookies[scheme]
    expect(await upgrade(scheme, { cookie, origin: own })).toBe(101)
    expect(
      await upgrade(scheme, { cookie, origin: own, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'websocket' }),
    ).toBe(101)
    const wrong: string[] = []
    for (const [which, origin] of Object.entries(originsOf(scheme))) {
      for (const site of [undefined, 'same-site', 'cross-site']) {
        const status = await upgrade(scheme, {
          cookie,
          origin,
          'sec-fetch-site': site,
          ...(site !== undefined && { 'sec-fetch-mode': 'websocket' }),
        })
        if (status !== 401) wrong.push(`${which} (${site ?? 'no Sec-Fetch-Site'}): ${status}`)
      }
    }
    expect(wrong).toEqual([])
  },
)

test('a token is meant by who sends it, from wherever', async () => {
  for (const origin of Object.values(originsOf('http')))
    expect(await upgrade('http', { authorization: tokens.http, origin })).toBe(101)
  expect(await upgrade('http', { authorization: 'Bearer m3o_wrong' })).toBe(401)
})
