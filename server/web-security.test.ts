import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStand, type Stand } from './testing/stand.ts'

/* What a browser is told, and what it is not let do, by the real server; once as it runs here and once behind TLS. */

let stand: Stand
let secure: Stand
const email = 'ann@example.com'
const password = 'correct horse'
const at = { team: 'demo', environment: 'production', service: 'hello' }

beforeAll(async () => {
  ;[stand, secure] = await Promise.all([startStand(), startStand({ url: 'https://console.example' })])
  for (const one of [stand, secure]) await one.web.setup.run(one.setupCode, { email, name: 'Ann', password })
  const owner = stand.as(await stand.viewerOf((await stand.web.people.byEmail(email)) ?? expect.fail()))
  await owner.services.create({ ...at, name: 'hello', template: 'hello' })
}, 90_000)
afterAll(async () => {
  await Promise.all([stand[Symbol.asyncDispose](), secure[Symbol.asyncDispose]()])
})

interface Answer {
  status: number
  headers: NodeJS.Dict<string | string[]>
  cookies: string[]
  body: string
}

function ask(
  one: Stand,
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port: one.settings.port,
        path,
        method,
        headers: { host: new URL(one.settings.url).host, ...headers },
      },
      (answer) => {
        let text = ''
        answer
          .setEncoding('utf8')
          .on('data', (part: string) => {
            text += part
          })
          .once('end', () => {
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              cookies: answer.headers['set-cookie'] ?? [],
              body: text,
            })
          })
      },
    )
      .once('error', reject)
      .end(body)
  })
}

/** Signs in as the page does; gives what came back. */
async function signIn(
  one: Stand,
  { callbackUrl, ...more }: { callbackUrl?: string; origin?: string } = {},
): Promise<Answer> {
  const csrf = await ask(one, '/api/auth/csrf')
  const { csrfToken } = JSON.parse(csrf.body) as { csrfToken: string }
  const cookie = csrf.cookies.map((line) => line.split(';')[0]).join('; ')
  const form = new URLSearchParams({
    email,
    password,
    csrfToken,
    json: 'true',
    ...(callbackUrl !== undefined && { callbackUrl }),
  })
  return ask(one, '/api/auth/callback/credentials', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie, origin: more.origin ?? one.settings.url },
    body: form.toString(),
  })
}

const cookieOf = ({ cookies }: Answer) => cookies.map((line) => line.split(';')[0]).join('; ')

const everywhere = [
  '/',
  '/health',
  '/api/trpc/platform.welcome',
  '/api/auth/csrf',
  '/api/nothing',
  '/api/raw',
  '/git/a/b.git/HEAD',
  '/handover?host=x',
  '//evil.example',
]

test('every answer says how it is to be handled', async () => {
  for (const one of [stand, secure]) {
    for (const path of everywhere) {
      const { headers } = await ask(one, path)
      expect(headers, path).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
      })
      expect(headers['strict-transport-security'], path).toBe(one === secure ? 'max-age=31536000' : undefined)
      expect(headers['access-control-allow-origin'], path).toBeUndefined()
      expect(headers['x-powered-by'] ?? headers.server, path).toBeUndefined()
    }
  }
})

test('a page runs what we sent, with a nonce of its own each time; nothing else of ours is a page', async () => {
  const policies = await Promise.all(
    Array.from({ length: 50 }, async () => String((await ask(stand, '/')).headers['content-security-policy'])),
  )
  const nonces = policies.map((policy) => /'nonce-([^']+)'/.exec(policy)?.[1] ?? '')
  expect(new Set(nonces).size).toBe(50)
  expect(Math.min(...nonces.map((nonce) => Buffer.from(nonce, 'base64').length))).toBeGreaterThanOrEqual(16)
  const directives = Object.fromEntries(
    (policies[0] ?? '').split('; ').map((line) => [line.split(' ')[0], line.split(' ').slice(1)] as const),
  )
  expect(directives['default-src']).toEqual(["'self'"])
  for (const one of ['object-src', 'base-uri', 'frame-ancestors']) expect(directives[one], one).toEqual(["'none'"])
  expect(directives['script-src']?.join(' ')).not.toMatch(/unsafe-inline|unsafe-eval|https?:|\*/)
  // No origin but our own, whatever it is for.
  expect(policies[0]).not.toMatch(/https?:\/\/|\*|(?<!-)wss?:/)
  for (const path of everywhere.filter((path) => path.startsWith('/api') || path.startsWith('/git'))) {
    expect((await ask(stand, path)).headers['content-security-policy'], path).toBe("default-src 'none'; sandbox")
  }
})

test('cookies are ours alone: out of reach of scripts, of other sites, of other hosts, and of the wire without TLS', async () => {
  const plain = (await signIn(stand)).cookies
  const behindTls = (await signIn(secure)).cookies
  expect(plain.length).toBeGreaterThan(0)
  for (const [lines, isSecure] of [
    [plain, false],
    [behindTls, true],
  ] as const) {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim().toLowerCase())
      expect(pair, line).toMatch(isSecure ? /^__host-m3o-console-[0-9a-f]{8}\.\w+=/ : /^m3o-console-[0-9a-f]{8}\.\w+=/)
      expect(attributes, line).toEqual(expect.arrayContaining(['path=/', 'httponly', 'samesite=lax']) as string[])
      expect(
        attributes.some((one) => one.startsWith('domain')),
        line,
      ).toBe(false)
      expect(attributes.includes('secure'), line).toBe(isSecure)
    }
  }
  // Nothing of the person, and nothing that the database would not have to confirm, is in it.
  const session = plain.find((line) => line.includes('.session=')) ?? ''
  expect(session).not.toContain(Buffer.from(email).toString('base64').slice(0, 12))
  expect(
    (await ask(secure, '/api/trpc/person.me', { headers: { cookie: cookieOf({ cookies: behindTls } as Answer) } }))
      .status,
  ).toBe(200)
})

test('a page of another origin signs nobody in, changes nothing, and reads nothing', async () => {
  // Without the token that only our own page can read.
  const blind = await ask(stand, '/api/auth/callback/credentials', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ email, password, json: 'true' }).toString(),
  })
  expect(blind.cookies.join()).not.toContain('.session=')
  expect((await signIn(stand, { origin: 'http://evil.example' })).status).toBe(403)
  const cookie = cookieOf(await signIn(stand))
  const rename = (headers: Record<string, string>) =>
    ask(stand, '/api/trpc/person.rename', {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie, ...headers },
      body: '{"name":"Eve"}',
    })
  const own = new URL(stand.settings.url)
  for (const origin of [
    'null',
    'http://evil.example',
    `https://${own.host}`,
    `http://hello--demo.localhost:${stand.gatewayPort}`,
    `http://${own.hostname}:1`,
  ])
    expect((await rename({ origin })).status, origin).toBe(403)
  for (const site of ['cross-site', 'same-site'])
    expect((await rename({ 'sec-fetch-site': site })).status, site).toBe(403)
  expect(
    (
      await ask(stand, '/api/auth/signout', {
        method: 'POST',
        headers: { cookie, origin: 'http://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
        body: 'json=true',
      })
    ).status,
  ).toBe(403)
  expect(
    (
      await ask(stand, '/api/trpc/person.me', {
        method: 'OPTIONS',
        headers: { origin: 'http://evil.example', 'access-control-request-method': 'POST' },
      })
    ).headers['access-control-allow-origin'],
  ).toBeUndefined()
  // A change is never made by a GET.
  expect(
    (await ask(stand, `/api/trpc/person.rename?input=${encodeURIComponent('{"name":"Eve"}')}`, { headers: { cookie } }))
      .status,
  ).toBe(405)
  expect(JSON.parse((await ask(stand, '/api/trpc/person.me', { headers: { cookie } })).body)).toMatchObject({
    result: { data: { person: { name: 'Ann' } } },
  })
  expect((await rename({ origin: stand.settings.url })).status).toBe(200)
})

test('nothing leads to another site', async () => {
  const bad = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
    `${stand.settings.url}.evil.example`,
    `${stand.settings.url}@evil.example`,
  ]
  for (const callbackUrl of bad) {
    const { status, headers, body } = await signIn(stand, { callbackUrl })
    expect(status, callbackUrl).toBe(200)
    const { url } = JSON.parse(body) as { url: string }
    for (const where of [url, ...[headers.location].flat()])
      if (where !== undefined) expect(new URL(where, stand.settings.url).origin, callbackUrl).toBe(stand.settings.url)
    const shown = await ask(stand, `/api/auth/signin?callbackUrl=${encodeURIComponent(callbackUrl)}`)
    if (typeof shown.headers.location === 'string')
      expect(new URL(shown.headers.location, stand.settings.url).origin, callbackUrl).toBe(stand.settings.url)
    const out = await ask(stand, `/api/auth/signout?callbackUrl=${encodeURIComponent(callbackUrl)}`)
    if (typeof out.headers.location === 'string')
      expect(new URL(out.headers.location, stand.settings.url).origin, callbackUrl).toBe(stand.settings.url)
  }
  const cookie = cookieOf(await signIn(stand))
  for (const to of bad)
    for (const state of ['', '&state=of-the-nonce']) {
      const host = `hello--demo.localhost:${stand.gatewayPort}`
      const { headers } = await ask(stand, `/handover?${new URLSearchParams({ host, to }).toString()}${state}`, {
        headers: { cookie },
      })
      const location = new URL(String(headers.location))
      expect(location.host).toBe(host)
      expect(new URL(location.searchParams.get('to') ?? '', `http://${host}`).host, to).toBe(host)
    }
  for (const host of [
    'evil.example',
    'localhost',
    `evil.example:${stand.gatewayPort}`,
    `hello--demo.localhost:${stand.gatewayPort}@evil.example`,
  ])
    expect(
      (await ask(stand, `/handover?${new URLSearchParams({ host }).toString()}`, { headers: { cookie } })).status,
      host,
    ).toBe(400)
})

test('services are on hosts of their own, where the console is not, and the console is on none of theirs', async () => {
  for (const host of [
    `hello--demo.localhost:${stand.settings.port}`,
    `evil.example:${stand.settings.port}`,
    'localhost',
  ])
    expect((await ask(stand, '/', { headers: { host } })).status, host).toBe(421)
  const { headers } = await ask(stand, '/api/calls?team=demo&environment=production&service=hello&path=/', {
    method: 'POST',
    headers: { cookie: cookieOf(await signIn(stand)), origin: stand.settings.url },
  })
  expect(headers['content-type']).toBe('application/octet-stream')
})

test('what somebody put into a repository is never a page of the console', async () => {
  const owner = stand.as(await stand.viewerOf((await stand.web.people.byEmail(email)) ?? expect.fail()))
  const cookie = cookieOf(await signIn(stand))
  const active = {
    'evil.svg': '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    'evil.html': '<script>alert(1)</script>',
    'evil.js': 'alert(1)',
    'evil.xml': '<?xml-stylesheet href="evil.xsl"?>',
  }
  for (const [path, text] of Object.entries(active)) {
    await owner.source.save({ ...at, path, text, expected: null })
    const { status, headers, body } = await ask(stand, `/api/raw?${new URLSearchParams({ ...at, path }).toString()}`, {
      headers: { cookie },
    })
    expect({ status, body }).toEqual({ status: 200, body: text })
    expect(headers, path).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': expect.stringMatching(/^attachment;/) as string,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    })
  }
})

test('what is too large, or none of ours, is refused before it is kept', async () => {
  const cookie = cookieOf(await signIn(stand))
  const sending = {
    method: 'POST',
    headers: { cookie, origin: stand.settings.url, 'content-type': 'application/json' },
  }
  expect(
    (
      await ask(stand, '/api/trpc/person.rename', {
        ...sending,
        body: JSON.stringify({ name: 'x'.repeat(17 << 20) }),
      }).catch(() => ({ status: 413 }))
    ).status,
  ).toBe(413)
  expect(
    (
      await ask(stand, '/api/auth/callback/credentials', { ...sending, body: 'x'.repeat(1 << 20) }).catch(() => ({
        status: 413,
      }))
    ).status,
  ).toBe(413)
  for (const path of ['../x', '/etc/passwd', 'a/../../b', 'a\0b', '.git/config', 'a/.GIT/hooks/post-checkout']) {
    const put = await ask(stand, `/api/upload/file?${new URLSearchParams({ ...at, path }).toString()}`, {
      method: 'PUT',
      headers: { cookie, origin: stand.settings.url },
      body: 'x',
    })
    expect(put.status, path).toBe(400)
  }
})

test('tokens are guessed slowly, and who guesses keeps nobody else out', async () => {
  const owner = stand.as(await stand.viewerOf((await stand.web.people.byEmail(email)) ?? expect.fail()))
  const { token } = await owner.tokens.create({ team: 'demo', name: 'good' })
  const me = async (bearer: string) =>
    (await ask(stand, '/api/trpc/person.me', { headers: { authorization: `Bearer ${bearer}` } })).status
  const guesses = await Promise.all(Array.from({ length: 80 }, (_, n) => me(`m3o_guess${n}`)))
  expect(guesses.filter((status) => status === 401).length).toBeLessThanOrEqual(62)
  expect(guesses).toContain(429)
  // From the same address: what is right is not guessed.
  expect(await me(token)).toBe(200)
  expect((await ask(stand, '/api/trpc/person.me', { headers: { cookie: cookieOf(await signIn(stand)) } })).status).toBe(
    200,
  )
})

test('a path that could be read as one of ours is refused, whatever it leads to', async () => {
  for (const path of [
    '/_next/static/..%2f..%2fdemo',
    '/x/..%2fapi/trpc',
    '/;/api/trpc/platform.welcome',
    '/api;a/trpc',
    '/API/trpc',
    '/%61pi/auth/csrf',
    '/handover;x?host=y',
    '/%2fhandover',
    '/_next%2fstatic/x',
    '/git%00/a',
  ]) {
    expect((await ask(stand, path)).status, path).toBe(400)
  }
  expect((await ask(stand, '/demo/production/a%2fb')).status).not.toBe(400)
})
