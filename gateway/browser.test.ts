import { afterAll, beforeAll, expect, test } from 'vitest'
import { localPath } from '#contract/local-path.ts'
import { raw, type Stand, startStand } from './testing/stand.ts'

let stand: Stand
let other: Stand
const seen: Record<string, string | undefined>[] = []

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET', at = stand) {
  const lines = Object.entries({ host: 'app--demo.localhost:8080', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  const [head = '', body = ''] = (
    await raw(at.gateway.port, `${method} ${path} HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`)
  ).split('\r\n\r\n')
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim()
  return { status: Number(head.slice(9, 12)), header, body, head }
}

const navigation = {
  accept: 'text/html,*/*',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
  'sec-fetch-dest': 'document',
}
const own = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }

async function begin(options: { url?: string } = {}) {
  const made = await startStand(options)
  const app = await made.upstream((request, response) => {
    seen.push(request.headers as Record<string, string>)
    response.end('app')
  })
  made.release(made.service('app'), 'e_production', [app])
  made.release(made.service('theirs', { team: 't_other' }), 'e_other', [app])
  made.release(made.service('open', { audience: { kind: 'anyone' } }), 'e_production', [app])
  await made.publish()
  return made
}
beforeAll(async () => {
  stand = await begin()
  other = await begin({ url: 'https://console.example' })
})
afterAll(async () => {
  await stand.close()
  await other.close()
})

/** What the gateway gives a browser that begins to sign in: the cookie with the nonce, and the nonce's hash. */
async function begun(at = stand, host = 'app--demo.localhost:8080') {
  const sent = await ask('/_m3o/handover', { host }, 'GET', at)
  return {
    state: new URL(sent.header('location') ?? '').searchParams.get('state') ?? '',
    nonce: sent.header('set-cookie')?.split(';')[0] ?? '',
  }
}

async function signedIn(at = stand, host = 'app--demo.localhost:8080') {
  const { state, nonce } = await begun(at, host)
  const { code } = await at.control.call('handover.create', { sessionId: 'ss_1', host, state })
  const answer = await ask(`/_m3o/handover?code=${code}&to=%2Fhome%3Fa%3Db`, { host, cookie: nonce }, 'GET', at)
  return { answer, code, state, nonce, cookie: answer.header('set-cookie')?.split(';')[0] ?? '' }
}

test('a browser is sent to the console to sign in and comes back with a cookie for this host alone', async () => {
  const sent = await ask('/home?a=b', navigation)
  expect(sent.status).toBe(302)
  expect(sent.header('location')).toMatch(
    /^http:\/\/127\.0\.0\.1:4000\/handover\?host=app--demo\.localhost%3A8080&to=%2Fhome%3Fa%3Db&state=[\w-]{43}$/,
  )
  expect(sent.header('set-cookie')).toMatch(
    /^m3o-handover-[0-9a-f]{8}=[\w-]{32}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600$/,
  )
  expect((await ask('/home', {})).status).toBe(401)
  const { answer, cookie } = await signedIn()
  expect(answer.status).toBe(303)
  expect(answer.header('location')).toBe('/home?a=b')
  expect(answer.header('set-cookie')).toMatch(
    /^m3o-host-[0-9a-f]{8}=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/,
  )
  expect((await ask('/home', { ...navigation, cookie })).body).toContain('app')
  expect(seen.at(-1)?.['m3o-caller']).toBe('person="ann@x.y", team="demo"')
})

test('a code works once, at its host, for a session that lives', async () => {
  const { code, state, nonce: cookie } = await signedIn()
  expect((await ask(`/_m3o/handover?code=${code}&to=/`, { ...navigation, cookie })).status).toBe(401)
  const { code: elsewhere } = await stand.control.call('handover.create', {
    sessionId: 'ss_1',
    host: 'open--demo.localhost:8080',
    state,
  })
  expect((await ask(`/_m3o/handover?code=${elsewhere}&to=/`, { cookie })).status).toBe(401)
  await expect(
    stand.control.call('handover.create', { sessionId: 'ss_nobody', host: 'x', state }),
  ).rejects.toMatchObject({ code: 'not_found' })
  expect((await ask(`/_m3o/handover?code=${code}`, {}, 'POST')).status).toBe(405)
})

test('a code works only in the browser that asked for it', async () => {
  const mallory = await begun()
  const victim = await begun()
  for (const cookie of ['', victim.nonce, `${mallory.nonce}; ${victim.nonce}`]) {
    const { code } = await stand.control.call('handover.create', {
      sessionId: 'ss_1',
      host: 'app--demo.localhost:8080',
      state: mallory.state,
    })
    const answer = await ask(`/_m3o/handover?code=${code}&to=/`, { ...navigation, ...(cookie !== '' && { cookie }) })
    expect(answer.status, cookie).toBe(401)
    expect(answer.header('set-cookie'), cookie).toBeUndefined()
    expect(answer.body).toContain('started in another browser')
  }
  // Two tabs of one browser begin with the same nonce.
  const second = await ask('/_m3o/handover?to=/b', { cookie: `a=b; ${victim.nonce}` })
  expect(second.header('set-cookie')?.split(';')[0]).toBe(victim.nonce)
  expect(new URL(second.header('location') ?? '').searchParams.get('state')).toBe(victim.state)
})

test('the cookie is good only at its host, only unchanged, only while the session lives', async () => {
  const { cookie } = await signedIn()
  expect((await ask('/', { ...own, cookie, host: 'theirs--other.localhost:8080' })).status).toBe(401)
  expect((await ask('/', { ...own, cookie, host: 'app--demo.localhost:9999' })).status).toBe(401)
  expect((await ask('/', { ...own, cookie: cookie.slice(0, -2) + (cookie.endsWith('AA') ? 'BB' : 'AA') })).status).toBe(
    401,
  )
  expect((await ask('/v1/@demo/app/', { ...own, cookie, host: '127.0.0.1' })).status).toBe(401)
  expect((await ask('/', { ...own, cookie })).status).toBe(200)
  const { ss_1: session } = stand.table.sessions
  stand.table.sessions = {}
  await stand.publish()
  expect((await ask('/', { ...own, cookie })).status).toBe(401)
  expect((await ask('/', { ...navigation, cookie })).status).toBe(302)
  if (session !== undefined) stand.table.sessions.ss_1 = session
  await stand.publish()
})

test('the cookie acts only for pages of its own host', async () => {
  const { cookie } = await signedIn()
  const status = async (headers: Record<string, string>, method = 'GET') =>
    (await ask('/', { cookie, ...headers }, method)).status
  expect(await status(own, 'POST')).toBe(200)
  expect(await status({ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' })).toBe(401)
  expect(await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' })).toBe(
    401,
  )
  expect(await status({ ...navigation, 'sec-fetch-site': 'cross-site' })).toBe(200)
  expect(await status({ ...navigation, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' })).not.toBe(200)
  expect(await status({ ...navigation, 'sec-fetch-site': 'cross-site' }, 'POST')).toBe(401)
  expect(await status({ origin: 'http://app--demo.localhost:8080' }, 'POST')).toBe(200)
  expect(await status({ origin: 'http://theirs--other.localhost:8080' }, 'POST')).toBe(401)
  expect(await status({}, 'POST')).toBe(401)
  expect(await status({})).toBe(401)
  expect(await status({ referer: 'http://app--demo.localhost:8080/page' })).toBe(200)
})

test('whom the audience leaves out is told so, not sent round in a circle', async () => {
  const host = 'theirs--other.localhost:8080'
  const { cookie } = await signedIn(stand, host)
  const answer = await ask('/', { ...navigation, cookie, host })
  expect(answer.status).toBe(403)
  expect(answer.header('content-type')).toContain('text/html')
  expect(answer.head).toContain("default-src 'none'")
  expect(answer.body).not.toContain('<script')
})

test("services see neither our cookies nor the console's", async () => {
  const { cookie, nonce } = await signedIn()
  await ask('/', {
    ...own,
    cookie: `a=1; ${cookie}; ${nonce}; next-auth.session-token=x; __Secure-next-auth.callback-url=y; b=2; m3o-console-theme=dark`,
  })
  expect(seen.at(-1)?.cookie).toBe('a=1; b=2')
  await ask('/', { host: 'open--demo.localhost', cookie })
  expect(seen.at(-1)).not.toHaveProperty('cookie')
})

test('behind TLS the cookie is bound to the host by its name', async () => {
  const { answer } = await signedIn(other)
  expect(answer.header('set-cookie')).toMatch(
    /^__Host-m3o-host-[0-9a-f]{8}=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+; Secure$/,
  )
})

test('a hand-over leads nowhere but to a path of its host', () => {
  for (const to of [
    '//evil.example',
    'http://evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/x/..//evil.example',
    'javascript:alert(1)',
    '\\\\evil',
    '',
  ]) {
    const path = localPath(to)
    expect(new URL(path, 'http://host.test').host, to).toBe('host.test')
  }
  expect(localPath('/a/b?c=d#e')).toBe('/a/b?c=d#e')
})

test("the console calls in a person's name over the platform's own socket, and nobody does over TCP", async () => {
  const { request } = await import('node:http')
  const actor = encodeURIComponent(JSON.stringify({ personId: 'u_2', email: 'Zoë@x.y', teamIds: ['t_demo'] }))
  const inside = (path: string, host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(
        { socketPath: `${stand.home}/run/gateway.sock`, path, headers: { host, 'm3o-actor': actor } },
        (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode))
        },
      )
        .on('error', reject)
        .end()
    })
  expect(await inside('/v1/app/x', 'localhost')).toBe(200)
  expect(seen.at(-1)?.['m3o-caller']).toBe('person=%"Zo%c3%ab@x.y", team="demo"')
  expect(await inside('/rpc/x', 'app--demo.localhost')).toBe(200)
  expect(await inside('/health', 'localhost')).toBe(200)
  expect((await ask('/v1/@demo/app/x', { host: 'localhost', 'm3o-actor': actor })).status).toBe(401)
})

test('a service of another team is not told who opens it, until its person has agreed; and not any more once that is taken back', async () => {
  const host = 'theirs--other.localhost:8080'
  const { cookie } = await signedIn(stand, host)
  const change = (consents: string[] | undefined) =>
    stand.control.call('routes.apply', {
      version: ++stand.table.version,
      epoch: stand.table.epoch,
      sessions: { ss_1: { ...stand.table.sessions['ss_1']!, consents } },
    })
  stand.table.services['s_t_other_theirs']!.audience = { kind: 'platform' }
  await stand.publish()
  const opens = async () => (await ask('/home', { ...navigation, host, cookie })).header('location')
  expect(await opens()).toContain('/handover?host=theirs--other')
  await change(['t_demo/s_t_other_theirs', 't_other/s_t_demo_app'])
  expect(await opens()).toContain('/handover?host=theirs--other')
  await change(['t_other/s_t_other_theirs'])
  expect((await ask('/home', { ...navigation, host, cookie })).body).toContain('app')
  expect(seen.at(-1)?.['m3o-caller']).toBe('person="ann@x.y", team="demo"')
  await change([])
  expect(await opens()).toContain('/handover?host=theirs--other')
  // One that anybody may call goes on, and knows of nobody.
  stand.table.services['s_t_other_theirs']!.audience = { kind: 'anyone' }
  await stand.publish()
  expect((await ask('/home', { ...navigation, host, cookie })).body).toContain('app')
  expect(seen.at(-1)).not.toHaveProperty('m3o-caller')
})

test('under /v1 no service speaks for the origin that it shares, and registers no worker there', async () => {
  const said = [
    'Service-Worker-Allowed: /',
    'Strict-Transport-Security: max-age=1; includeSubDomains',
    'NEL: {}',
    'Report-To: {}',
    'Reporting-Endpoints: a="https://evil"',
    'Set-Cookie: a=b',
    'Alt-Svc: h2=":1"',
    'Clear-Site-Data: "*"',
    'X-Accel-Redirect: /x',
    'M3O_Served_By: me',
  ]
  const app = await stand.upstream((_, response) =>
    response.writeHead(200, said.map((line) => line.split(/: /, 2) as [string, string]).flat()).end(),
  )
  stand.release(stand.service('says', { audience: { kind: 'anyone' } }), 'e_production', [app])
  await stand.publish()
  const shared = await ask('/v1/@demo/says/', { host: 'localhost' })
  const own = await ask('/', { host: 'says--demo.localhost' })
  for (const line of said) expect(shared.head).not.toContain(line)
  for (const line of said.slice(0, 6)) expect(own.head).toContain(line)
  for (const line of said.slice(6)) expect(own.head).not.toContain(line)
  for (const [name, value] of [
    ['Service-Worker', 'script'],
    ['Sec-Fetch-Dest', 'serviceworker'],
  ] as const) {
    expect((await ask('/v1/@demo/says/sw.js', { host: 'localhost', [name]: value })).status).toBe(403)
    expect((await ask('/sw.js', { host: 'says--demo.localhost', [name]: value })).status).toBe(200)
  }
})
