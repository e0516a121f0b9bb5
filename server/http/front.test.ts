import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStand, type Stand } from '../testing/stand.ts'
import { attachment } from './files.ts'
import { isServiceHost } from './handover.ts'

const run = promisify(execFile)
let stand: Stand
const email = 'ann@example.com'
const password = 'correct horse'
const at = { team: 'demo', environment: 'production', service: 'hello' }

beforeAll(async () => {
  stand = await startStand()
}, 60_000)
afterAll(async () => stand[Symbol.asyncDispose]())

function raw(
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: stand.settings.port, path, headers, method }, (answer) => {
      answer.resume().once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers }))
    })
      .once('error', reject)
      .end()
  })
}

test('the set-up code makes one first person, once, however many try', async () => {
  const browser = stand.browser()
  const person = { email, name: 'Ann', password }
  expect((await browser.query('platform.welcome')).data).toMatchObject({ setupNeeded: true })
  expect((await browser.mutate('person.setUp', { ...person, code: 'wrong' })).error?.code).toBe('forbidden')
  const tries = await Promise.all(
    ['a@x.y', 'b@x.y', email].map((one) =>
      stand.browser().mutate('person.setUp', { ...person, email: one, code: stand.setupCode }),
    ),
  )
  expect(tries.filter(({ status }) => status === 200)).toHaveLength(1)
  await expect(stat(join(stand.home.run, 'setup-code'))).rejects.toThrow('ENOENT')
  expect((await browser.mutate('person.setUp', { ...person, code: stand.setupCode })).error?.code).toBe(
    'not_in_this_state',
  )
  // Whoever of the three it was: from here on Ann is the owner.
  const made = tries.find(({ status }) => status === 200)?.data as { email: string; team: string }
  expect(made.team).toBe('demo')
  if (made.email !== email) {
    const other = await stand.web.people.byEmail(made.email)
    const owner = stand.as(await stand.viewerOf(other ?? expect.fail()))
    const { link } = await owner.invitations.create({ team: 'demo', email, role: 'owner' })
    expect(
      (await browser.mutate('invitations.accept', { secret: link.split('/').at(-1), name: 'Ann', password })).status,
    ).toBe(200)
  }
})

test('signing in begins a session, and ending it ends it at once, everywhere', async () => {
  const browser = stand.browser()
  expect((await browser.signIn(email, 'wrong')).status).toBe(401)
  expect((await browser.query('person.me')).error?.code).toBe('unauthenticated')
  expect((await browser.signIn(email.toUpperCase(), password)).status).toBe(200)
  expect(browser.cookie).toMatch(/m3o-console-[0-9a-f]{8}\.session=/)
  const other = stand.browser()
  await other.signIn(email, password)
  const { data } = (await other.query('person.sessions')) as { data: { id: string; current: boolean }[] }
  await other.mutate('person.endSession', { sessionId: data.find(({ current }) => !current)?.id })
  expect((await browser.query('person.me')).error?.code).toBe('unauthenticated')
  const stolen = other.cookie
  await other.signOut()
  expect((await fetch(`${stand.settings.url}/api/trpc/person.me`, { headers: { cookie: stolen } })).status).toBe(401)
})

test('guessing a password is slowed down, and the right one is then refused as well', async () => {
  // Earlier wrong guesses from this address count.
  stand.web.limits.signIn.giveBack('address 127.0.0.1')
  const codes: string[] = []
  for (let n = 0; n < 17; n++)
    codes.push(
      (await stand.browser().mutate('person.login', { email: 'nobody@example.com', password: `guess ${n}` })).error
        ?.code ?? '',
    )
  expect(codes.slice(0, 15)).toEqual(Array(15).fill('unauthenticated'))
  expect(codes.at(-1)).toBe('rate_limited')
  stand.web.limits.signIn.giveBack('address 127.0.0.1')
})

test('every answer has its headers, and a page a policy with a nonce of its own', async () => {
  const [one, two] = [
    await raw('/', { host: `127.0.0.1:${stand.settings.port}` }),
    await raw('/', { host: `localhost:${stand.settings.port}` }),
  ]
  expect(one.headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
  })
  const policies = [one, two].map(({ headers }) => String(headers['content-security-policy']))
  expect(policies[0]).toMatch(/^default-src 'self'; script-src 'self' 'nonce-[\w+/=]{24}' 'strict-dynamic'; /)
  expect(policies[0]).not.toBe(policies[1])
  expect(policies[0]).not.toContain('unsafe-eval')
  const script = await raw('/_next/static/chunks/none.js', { host: `localhost:${stand.settings.port}` })
  expect(script.headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': "default-src 'self'",
  })
  expect(Object.keys(script.headers)).not.toContain('permissions-policy')
})

test("only the console's own hosts are answered", async () => {
  const { port } = stand.settings
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
    expect((await raw('/', { host })).status, host).toBe(200)
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    `hello--demo.localhost:${port}`,
    '127.0.0.1:1',
    'localhost',
    `127.0.0.1.evil.example:${port}`,
  ]) {
    expect((await raw('/', { host })).status, host).toBe(421)
  }
  for (const path of ['//evil.example/x', '/%ff', '/%', '/demo/%c0%af'])
    expect((await raw(path, { host: `127.0.0.1:${port}` })).status, path).toBe(400)
})

test("a page of another origin changes nothing with its visitor's cookie", async () => {
  const browser = stand.browser()
  await browser.signIn(email, password)
  const create = (headers: Record<string, string>) => browser.mutate('person.rename', { name: 'Ann' }, headers)
  expect((await create({})).status).toBe(200)
  for (const origin of [
    'http://evil.example',
    `http://hello--demo.localhost:${stand.gatewayPort}`,
    'null',
    'http://127.0.0.1:1',
  ]) {
    expect((await create({ origin })).error?.code, origin).toBe('forbidden')
  }
  expect((await create({ 'sec-fetch-site': 'same-site' })).error?.code).toBe('forbidden')
  expect(
    (
      await browser.fetch('/api/upload/deploy?team=demo', {
        method: 'POST',
        body: 'x',
        headers: { origin: 'http://evil.example' },
      })
    ).status,
  ).toBe(403)
})

test('errors carry code, message and fix, and no stack', async () => {
  const browser = stand.browser()
  await browser.signIn(email, password)
  const text = await (
    await browser.fetch(`/api/trpc/services.create`, {
      method: 'POST',
      body: JSON.stringify({ team: 'demo', name: 'No Name' }),
      headers: { 'content-type': 'application/json' },
    })
  ).text()
  expect(JSON.parse(text)).toMatchObject({
    error: { data: { httpStatus: 400, m3o: { code: 'invalid_name', field: 'name', fix: 'Try no-name.' } } },
  })
  expect(text).not.toMatch(/stack|\.ts:/)
  expect((await browser.mutate('nothing.there')).error?.code).toBe('not_found')
  expect((await browser.fetch('/api/nothing')).status).toBe(404)
  expect((await browser.mutate('person.me')).error?.code).toBe('method_not_allowed')
})

test('the command signs in by password, or by a code that was confirmed in the browser and works once', async () => {
  const plain = stand.browser()
  const { data } = (await plain.mutate('person.login', { email, password })) as { data: { token: string } }
  expect(data).toMatchObject({
    token: expect.stringMatching(/^m3o_/) as string,
    email,
    team: 'demo',
    environment: 'production',
    url: stand.settings.url,
  })
  const browser = stand.browser()
  await browser.signIn(email, password)
  const confirmed = (await browser.mutate('person.confirmCommand', { port: 4999, state: 'abcdefgh' })) as {
    data: { redirect: string }
  }
  const redirect = new URL(confirmed.data.redirect)
  expect(`${redirect.origin}${redirect.pathname}`).toBe('http://127.0.0.1:4999/callback')
  const code = redirect.searchParams.get('code')
  expect((await plain.mutate('person.exchangeCode', { code })).data).toMatchObject({ email, team: 'demo' })
  expect((await plain.mutate('person.exchangeCode', { code })).error?.code).toBe('unauthenticated')
  // A token confirms nothing, and a sign-out ends it.
  const headers = { authorization: `Bearer ${data.token}` }
  expect((await plain.mutate('person.confirmCommand', { port: 4999, state: 'abcdefgh' }, headers)).error?.code).toBe(
    'forbidden',
  )
  expect((await plain.mutate('person.logout', {}, headers)).status).toBe(200)
  expect((await plain.mutate('person.rename', { name: 'x' }, headers)).error?.code).toBe('unauthenticated')
})

test('a folder is deployed, read back, called and logged; a stale draft is refused', { timeout: 60_000 }, async () => {
  const plain = stand.browser()
  const { data } = (await plain.mutate('person.login', { email, password })) as { data: { token: string } }
  const headers = { authorization: `Bearer ${data.token}` }
  const folder = await mkdtemp(join(tmpdir(), 'm3o-upload-'))
  await writeFile(
    join(folder, 'index.js'),
    `console.log('listening'); require('http').createServer((q, s) => { s.setHeader('x-mine', '1'); s.end(q.url === '/bytes' ? Buffer.from([0, 255]) : q.method + ' ' + q.url) }).listen(process.env.PORT)`,
  )
  await writeFile(join(folder, 'package.json'), '{"name":"hello"}')
  const { stdout: tar } = await run('tar', ['-C', folder, '-czf', '-', '.'], { encoding: 'buffer' })
  await rm(folder, { recursive: true })
  const upload = await plain.fetch(
    `/api/upload/deploy?${new URLSearchParams({ ...at, message: 'first' }).toString()}`,
    { method: 'POST', body: new Uint8Array(tar), headers },
  )
  const { deploymentId, commit } = (await upload.json()) as { deploymentId: string; commit: string }
  const one = await stand.withToken(data.token)
  for (let state = ''; state !== 'live';) {
    const found = await one.deployments.get({ team: 'demo', deploymentId })
    state = found.state
    if (found.endedAt !== null && state !== 'live') expect.fail(JSON.stringify(found.error))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const call = (more: object) => one.calls.send({ ...at, path: '/x?y=1', method: 'GET', ...more })
  expect(
    await call({
      headers: [
        ['m3o-actor', 'eve'],
        ['host', 'evil'],
      ],
    }),
  ).toMatchObject({
    status: 200,
    body: 'GET /x?y=1',
    binary: false,
    servedBy: `hello@${commit.slice(0, 7)} production`,
  })
  expect(await call({ path: '/bytes' })).toMatchObject({ body: 'AP8=', binary: true, bytes: 2 })
  expect((await call({ service: 'nothing' })).status).toBe(404)
  const passedOn = (more: Record<string, string>) =>
    plain.fetch(`/api/calls?${new URLSearchParams({ ...at, ...more }).toString()}`, {
      method: 'POST',
      body: '{}',
      headers,
    })
  const bytes = await passedOn({ path: '/bytes' })
  expect(new Uint8Array(await bytes.arrayBuffer())).toEqual(new Uint8Array([0, 255]))
  expect(Object.fromEntries(bytes.headers)).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': expect.stringMatching(/^attachment/),
    'm3o-answer-status': '200',
  })
  expect((await passedOn({ path: '/x', service: 'nothing' })).headers.get('m3o-answer-status')).toBe('404')
  expect((await passedOn({ path: '/x', service: '../x' })).status).toBe(400)

  const file = `/api/upload/file?${new URLSearchParams({ ...at, path: 'a b.txt' }).toString()}`
  expect((await plain.fetch(file, { method: 'PUT', body: 'one', headers })).status).toBe(200)
  expect((await plain.fetch(file, { method: 'PUT', body: 'two', headers })).status).toBe(409)
  const got = await plain.fetch(`/api/raw?${new URLSearchParams({ ...at, path: 'a b.txt' }).toString()}`, { headers })
  expect(await got.text()).toBe('one')
  expect(got.headers.get('content-disposition')).toBe(`attachment; filename="a_b.txt"; filename*=UTF-8''a%20b.txt`)
  expect(
    (await plain.fetch(`/api/raw?${new URLSearchParams({ ...at, path: '../../etc/passwd' }).toString()}`, { headers }))
      .status,
  ).toBe(400)
  const log = await (
    await plain.fetch(
      `/api/logs?${new URLSearchParams({ team: 'demo', environment: 'production', services: 'hello' }).toString()}`,
      { headers },
    )
  ).text()
  expect(log).toMatch(/hello@\w+ info {2}listening\n/)
})

test('git clones and pushes with a token, and is told why not', { timeout: 60_000 }, async () => {
  const owner = await stand.web.people.byEmail(email)
  const as = stand.as(await stand.viewerOf(owner ?? expect.fail()))
  await as.services.create({ team: 'demo', name: 'kept', template: 'hello' })
  const [{ token: full }, { token: reads }] = [
    await as.tokens.create({ team: 'demo', name: 'git' }),
    await as.tokens.create({ team: 'demo', name: 'reads', scope: { actions: ['source.read'] } }),
  ]
  const folder = await mkdtemp(join(tmpdir(), 'm3o-git-'))
  const git = async (...args: string[]) =>
    run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
      cwd: folder,
      env: { NODE_ENV: 'test', PATH: process.env.PATH ?? '', HOME: folder, GIT_TERMINAL_PROMPT: '0' },
    })
  const remote = (token: string, service = 'kept') =>
    `http://x:${token}@127.0.0.1:${stand.settings.port}/git/demo/${service}.git`
  try {
    await git('clone', '-q', remote(full), 'a')
    await writeFile(
      join(folder, 'a', 'big.bin'),
      Buffer.alloc(3 << 20, 7).map((_, n) => (n * 7919) % 251),
    )
    await git('-C', 'a', 'add', '.')
    await git('-C', 'a', 'commit', '-qm', 'More')
    await git('-C', 'a', 'push', '-q')
    await git('clone', '-q', remote(reads), 'b')
    expect((await readFile(join(folder, 'b', 'big.bin'))).length).toBe(3 << 20)
    await git('-C', 'b', 'commit', '-q', '--allow-empty', '-m', 'No')
    await expect(git('-C', 'b', 'push', '-q')).rejects.toThrow(/scope does not include source.write|403/)
    const [{ token: writes }, { token: bound }] = [
      await as.tokens.create({ team: 'demo', name: 'writes', scope: { actions: ['source.*'] } }),
      await as.tokens.create({ team: 'demo', name: 'bound', scope: { environments: ['production'] } }),
    ]
    // Pushing is one thing, deploying another; and a repository is of all environments.
    await git('-C', 'b', 'push', '-q', remote(writes))
    const { stdout: kept } = await git('-C', 'b', 'rev-parse', 'HEAD')
    await git('-C', 'b', 'commit', '-q', '--allow-empty', '-m', 'Yes')
    await git('-C', 'b', 'push', '-q', remote(full))
    const { stdout: deployed } = await git('-C', 'b', 'rev-parse', 'HEAD')
    const commits = async () =>
      (await as.deployments.list({ team: 'demo', service: 'kept' })).map(({ commit }) => commit)
    await expect.poll(commits).toContain(deployed.trim())
    expect(await commits()).not.toContain(kept.trim())
    await expect(git('clone', '-q', remote(bound), 'c')).rejects.toThrow(/limited to some environments|403/)
    await expect(git('clone', '-q', remote('m3o_wrong'), 'c')).rejects.toThrow('Authentication failed')
    await expect(git('clone', '-q', remote(full, 'nothing'), 'c')).rejects.toThrow('service nothing does not exist')
  } finally {
    await rm(folder, { recursive: true })
  }
  expect(
    (await raw('/git/demo/kept.git/info/refs?service=git-upload-pack', { host: `127.0.0.1:${stand.settings.port}` }))
      .headers['www-authenticate'],
  ).toMatch(/^Basic /)
  for (const path of [
    '/git/demo/kept.git/../../x',
    '/git/demo/kept.git/objects/../config',
    '/git/demo/kept.git/config',
  ]) {
    expect(
      (await raw(path, { host: `127.0.0.1:${stand.settings.port}`, authorization: `Bearer ${full}` })).status,
      path,
    ).toBe(404)
  }
})

test("a browser is handed over to services' hosts only", async () => {
  const host = `kept--demo.localhost:${stand.gatewayPort}`
  const browser = stand.browser()
  const path = `/handover?${new URLSearchParams({ host, to: '/a?b', state: 'of-the-nonce' }).toString()}`
  // It begins in the browser that it is for, at the service's host.
  expect((await browser.fetch(path.replace('&state=of-the-nonce', ''))).headers.get('location')).toBe(
    `http://${host}/_m3o/handover?to=%2Fa%3Fb`,
  )
  expect((await browser.fetch(path)).headers.get('location')).toMatch(/^\/sign-in\?to=%2Fhandover/)
  await browser.signIn(email, password)
  const location = new URL((await browser.fetch(path)).headers.get('location') ?? '')
  expect([location.host, location.pathname, location.searchParams.get('to')]).toEqual([host, '/_m3o/handover', '/a?b'])
  expect(location.searchParams.get('code')).toMatch(/^[\w-]{32}$/)
  expect((await browser.fetch('/handover?host=evil.example&to=/')).status).toBe(400)
  const settings = { domain: 'localhost', gatewayPort: 8080, proxied: false }
  for (const bad of [
    'a--b.localhost',
    'a--b.localhost:8081',
    'a--b.localhost.evil.example:8080',
    'localhost:8080',
    'x.localhost:8080',
    'a--b.localhost:8080@evil.example',
    'a--b.localhost:8080/x',
    '',
  ]) {
    expect(isServiceHost(bad, settings), bad).toBe(false)
  }
  expect(isServiceHost('a--b.localhost:8080', settings) && isServiceHost('a--c--b.localhost:8080', settings)).toBe(true)
})

test('a file name in a header is only ever a name', () => {
  expect(attachment('a"; filename="x\r\ny.html')).toBe(
    `attachment; filename="a___filename__x__y.html"; filename*=UTF-8''a%22%3B%20filename%3D%22x%0D%0Ay.html`,
  )
})
