import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { laptopPath } from '#contract/laptops.ts'
import { livePath } from '#contract/live-socket.ts'
import { createUpgrades } from './http/upgrades.ts'
import type { Browser } from './testing/browser.ts'
import { startStand, type Stand } from './testing/stand.ts'

/*
 * Cross-site websocket hijacking: every path of web that can be upgraded, from pages of every kind of origin, with what a
 * browser sends by itself and with a token. Services' own sockets are the gateway's: gateway/hijacking.test.ts.
 */

let stand: Stand
let ann: Browser
let token: string
/** Web as in development, whose pages' own socket reloads them. */
let dev: { port: number; close: () => void }

beforeAll(async () => {
  stand = await startStand()
  const password = 'correct horse'
  await stand.web.setup.run(stand.setupCode, { email: 'ann@example.com', name: 'Ann', password })
  ann = stand.browser()
  await ann.signIn('ann@example.com', password)
  const login = (await ann.mutate('person.login', { email: 'ann@example.com', password })) as {
    data: { token: string }
  }
  token = login.data.token
  await (await stand.withToken(token)).services.create({ team: 'demo', name: 'hello', template: 'hello' })
  dev = await developing()
}, 60_000)
afterAll(async () => {
  dev.close()
  await stand[Symbol.asyncDispose]()
})

async function developing() {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const no = { upgrade: () => false, recheck: () => {}, close: () => {} }
  const upgrades = createUpgrades(
    { settings: { ...stand.settings, port, url: `http://127.0.0.1:${port}`, dev: true } },
    {
      live: no,
      laptops: no,
      pages: {
        upgrade(_request, socket) {
          socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
          return true
        },
      },
    },
  )
  server.on('upgrade', (...given) => upgrades.route(...given))
  return {
    port,
    close: () => {
      upgrades.destroyAll()
      server.close()
    },
  }
}

const query = new URLSearchParams({ team: 'demo', environment: 'production', service: 'hello' }).toString()
const paths = {
  'live socket, terminals, logs, presence': { path: `${livePath}/?EIO=4&transport=websocket`, needs: 'anybody' },
  "a laptop's tunnel": { path: `${laptopPath}?${query}`, needs: 'token' },
  "the pages' own socket while they are developed": { path: '/_next/webpack-hmr', needs: 'nothing' },
} as const

const originsOf = (own: URL) => ({
  none: undefined,
  null: 'null',
  'another host': 'http://evil.example',
  'another host that begins like ours': `${own.origin}.evil.example`,
  'a sibling subdomain': `http://hello--demo.${own.hostname}:${own.port}`,
  'a service': `http://hello--demo.localhost:${stand.gatewayPort}`,
  'another port': `http://${own.hostname}:${Number(own.port) + 1}`,
  'another scheme': `https://${own.host}`,
  nonsense: 'http://[',
})

/** The status that an upgrade is answered with, and for the live socket whether it lets in who asked. */
function upgrade(port: number, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      path,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        host: `127.0.0.1:${port}`,
        ...headers,
      },
    })
    sent.once('upgrade', (_answer, socket, head) => {
      let text = head.toString('latin1')
      const done = (status: number) => {
        socket.destroy()
        resolve(status)
      }
      if (!path.startsWith(livePath)) return done(101)
      // engine.io is open before socket.io has signed anybody in: ask to be, and see what it says.
      socket.write(frame('40'))
      socket.on('error', reject).on('data', (bytes: Buffer) => {
        text += bytes.toString('latin1')
        if (text.includes('40{"sid"')) done(101)
        else if (text.includes('44{')) done(401)
      })
    })
    sent.once('response', (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    sent.once('error', reject).end()
  })
}

/** A masked text frame (RFC 6455 §5.2), masked with zeros. */
const frame = (text: string) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])

test("with what a browser sends by itself, only the console's own pages are let in", async () => {
  const wrong: string[] = []
  let tried = 0
  for (const [what, { path, needs }] of Object.entries(paths)) {
    const port = needs === 'nothing' ? dev.port : stand.settings.port
    const own = new URL(`http://127.0.0.1:${port}`)
    for (const [which, origin] of Object.entries({ ...originsOf(own), 'our own': own.origin })) {
      for (const site of [undefined, 'cross-site', 'same-site']) {
        const status = await upgrade(port, path, {
          cookie: ann.cookie,
          ...(origin !== undefined && { origin }),
          ...(site !== undefined && { 'sec-fetch-site': site }),
        })
        tried++
        const isOurs = which === 'our own' && site === undefined
        // Without an Origin it is no browser: its cookie is not looked at. A laptop's tunnel never looks at one.
        const expected =
          isOurs && needs !== 'token'
            ? [101]
            : needs === 'nothing' && which === 'none' && site === undefined
              ? [101]
              : [401, 403]
        if (!expected.includes(status)) wrong.push(`${what} from ${which} (${site ?? 'no Sec-Fetch-Site'}): ${status}`)
      }
    }
  }
  console.log(`hijacking of web: ${tried} tried with cookies, ${wrong.length} wrong`)
  expect(wrong).toEqual([])
})

test('with a token, programs are let in and pages of other origins are not', async () => {
  const { port } = stand.settings
  const own = new URL(stand.settings.url)
  for (const { path, needs } of Object.values(paths)) {
    if (needs === 'nothing') continue
    for (const [which, origin] of Object.entries({ ...originsOf(own), 'our own': own.origin })) {
      const status = await upgrade(port, path, {
        authorization: `Bearer ${token}`,
        ...(origin !== undefined && { origin }),
      })
      expect(status, `${path} from ${which}`).toBe(which === 'none' || which === 'our own' ? 101 : 403)
    }
    expect(await upgrade(port, path, { authorization: 'Bearer m3o_wrong' }), path).toBe(401)
  }
})

test("a name of somebody else's that leads here is not ours, whatever its page says", async () => {
  const { port } = stand.settings
  for (const { path, needs } of Object.values(paths)) {
    for (const host of ['evil.example', `evil.example:${port}`, `hello--demo.localhost:${port}`]) {
      expect(
        await upgrade(needs === 'nothing' ? dev.port : port, path, {
          host,
          origin: `http://${host}`,
          cookie: ann.cookie,
        }),
      ).toBe(421)
    }
  }
})

test('behind TLS a page of our own name without it is another origin', async () => {
  const { isSameOrigin } = await import('./http/address.ts')
  const from = (origin: string, host = 'console.example') =>
    isSameOrigin({ headers: { origin, host } } as never, { url: 'https://console.example' })
  expect([
    from('https://console.example'),
    from('https://console.example:443'),
    from('http://console.example'),
    from('http://console.example:443'),
  ]).toEqual([true, true, false, false])
  // The same web, asked for directly on its machine.
  expect([from('http://127.0.0.1:4000', '127.0.0.1:4000'), from('https://127.0.0.1:4000', '127.0.0.1:4000')]).toEqual([
    true,
    false,
  ])
})
