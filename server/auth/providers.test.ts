import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OidcServer, startOidcServer } from '#e2e/people/oidc-server.ts'
import { startStand, type Stand } from '../testing/stand.ts'

let oidc: OidcServer
let github: Awaited<ReturnType<typeof startGitHub>>
let stand: Stand
const password = 'correct horse'
const email = 'ann@example.com'

beforeAll(async () => {
  ;[oidc, github] = await Promise.all([startOidcServer(), startGitHub()])
  stand = await startStand({
    settings: (url) => {
      oidc.allow(`${url}/api/auth/callback/oidc`)
      return {
        M3O_OIDC_ISSUER: `${oidc.issuer}/`,
        M3O_OIDC_CLIENT_ID: oidc.client.id,
        M3O_OIDC_CLIENT_SECRET: oidc.client.secret,
        M3O_OIDC_NAME: 'Example',
        M3O_GITHUB_URL: github.url,
        M3O_GITHUB_CLIENT_ID: 'm3o',
        M3O_GITHUB_CLIENT_SECRET: 'a secret',
      }
    },
  })
  await stand.web.setup.run(stand.setupCode, { email, name: 'Ann', password })
}, 90_000)
afterAll(async () => {
  await stand[Symbol.asyncDispose]()
  await Promise.all([oidc[Symbol.asyncDispose](), github[Symbol.asyncDispose]()])
})

const account = (name: string, verified = true) => ({
  sub: `sub-${name}`,
  email: `${name}@example.com`,
  email_verified: verified,
  name,
})
const signedInAs = async (browser: ReturnType<Stand['browser']>) =>
  ((await browser.query('person.me')).data as { person: { email: string } } | undefined)?.person.email
const owner = async () => stand.as(await stand.viewerOf((await stand.web.people.byEmail(email)) ?? expect.fail()))
const setSignUp = async (signUp: 'open' | 'invitation' | 'closed') => (await owner()).platform.setSignUp({ signUp })

test('the sign-in page is told which providers there are', async () => {
  expect((await stand.browser().query('platform.welcome')).data).toMatchObject({
    providers: [
      { id: 'github', name: 'GitHub' },
      { id: 'oidc', name: 'Example' },
    ],
  })
})

test('who comes from a provider gets an account by the same rules as others', async () => {
  oidc.account = account('bob')
  const bob = stand.browser()
  expect(await bob.signInAt('oidc')).toBe('/sign-in?error=no_sign_up')
  expect(await signedInAs(bob)).toBeUndefined()

  // Invited, they get one, and the invitation still waits for them to open it.
  const { link } = await (await owner()).invitations.create({ team: 'demo', email: 'bob@example.com', role: 'viewer' })
  const path = new URL(link).pathname
  expect(await bob.signInAt('oidc', path)).toBe(path)
  expect(await signedInAs(bob)).toBe('bob@example.com')
  expect((await bob.query('person.me')).data).toMatchObject({ teams: [] })
  expect((await bob.mutate('invitations.accept', { secret: path.split('/').at(-1) })).data).toMatchObject({
    team: 'demo',
  })
  expect((await bob.query('security.read')).data).toMatchObject({
    emailVerified: true,
    hasPassword: false,
    linked: [{ name: 'Example', email: 'bob@example.com' }],
  })
  expect((await bob.query('person.sessions')).data).toMatchObject([{ method: 'Example' }])

  // Known by the provider's subject from then on, whatever the address there says.
  await setSignUp('closed')
  oidc.account = { ...account('bob'), email: 'robert@example.com', email_verified: false }
  const again = stand.browser()
  await again.signInAt('oidc')
  expect(await signedInAs(again)).toBe('bob@example.com')
  oidc.account = account('carl')
  expect(await stand.browser().signInAt('oidc')).toBe('/sign-in?error=no_sign_up')
  await setSignUp('open')
  const carl = stand.browser()
  await carl.signInAt('oidc')
  expect(await signedInAs(carl)).toBe('carl@example.com')
})

test('an address that the provider does not vouch for makes no account, and takes none', async () => {
  for (const name of ['dora', 'ann', 'bob', 'mar\u212a']) {
    oidc.account = { ...account(name, name.endsWith('\u212a')), sub: `evil-${name}` }
    const browser = stand.browser()
    expect(await browser.signInAt('oidc'), name).toBe('/sign-in?error=address_not_verified')
    expect(await signedInAs(browser)).toBeUndefined()
  }
})

test('the provider’s word for an address takes an account of it that nobody had confirmed from whoever made it', async () => {
  await stand.web.people.create({ email: 'dave@example.com', name: 'Not Dave', password, operator: false })
  const pretender = stand.browser()
  await pretender.signIn('dave@example.com', password)
  oidc.account = account('eve')
  await pretender.mutate('security.beginLinking', { provider: 'oidc' })
  expect(await pretender.signInAt('oidc')).toBe('/sign-in/account')
  // By another address, nothing is proved.
  expect((await pretender.query('security.read')).data).toMatchObject({
    emailVerified: false,
    linked: [{ email: 'eve@example.com' }],
  })

  oidc.account = account('dave')
  const dave = stand.browser()
  await dave.signInAt('oidc')
  expect(await signedInAs(dave)).toBe('dave@example.com')
  expect((await dave.query('security.read')).data).toMatchObject({
    emailVerified: true,
    hasPassword: false,
    linked: [{ email: 'dave@example.com' }],
  })
  expect(await signedInAs(pretender)).toBeUndefined()
  expect(await stand.browser().passwordError('dave@example.com', password)).toBe('unauthenticated')
})

test('who links a provider that vouches for the address of their account has confirmed it, and loses nothing', async () => {
  await stand.web.people.create({ email: 'fay@example.com', name: 'Fay', password, operator: false })
  const fay = stand.browser()
  await fay.signIn('fay@example.com', password)
  oidc.account = account('fay')
  await fay.mutate('security.beginLinking', { provider: 'oidc' })
  expect(await fay.signInAt('oidc')).toBe('/sign-in/account')
  expect((await fay.query('security.read')).data).toMatchObject({ emailVerified: true, hasPassword: true })
})

test('an account is linked by its person, in the session that asked for it', async () => {
  oidc.account = account('ann')
  const ann = stand.browser()
  await ann.signIn(email, password)
  expect((await ann.mutate('security.beginLinking', { provider: 'nothing' })).error?.code).toBe('not_found')
  expect((await ann.mutate('security.beginLinking', { provider: 'oidc' })).status).toBe(200)
  expect(await ann.signInAt('oidc')).toBe('/sign-in/account')
  expect((await ann.query('security.read')).data).toMatchObject({
    linked: [{ email, name: 'Example' }],
    providers: [
      { id: 'github', linked: false },
      { id: 'oidc', linked: true },
    ],
  })
  const other = stand.browser()
  await other.signInAt('oidc')
  expect(await signedInAs(other)).toBe(email)

  // What is one person's is not another's.
  await ann.signOut()
  const carl = stand.browser()
  oidc.account = account('carl')
  await carl.signInAt('oidc')
  oidc.account = account('ann')
  await carl.mutate('security.beginLinking', { provider: 'oidc' })
  expect(await carl.signInAt('oidc')).toBe('/sign-in?error=linked_elsewhere')

  const { data } = (await other.query('security.read')) as { data: { linked: { provider: string; subject: string }[] } }
  expect((await other.mutate('security.unlink', { ...data.linked[0] })).status).toBe(200)
})

test('the only way in to an account is not taken away, and a confirmed address is linked by itself', async () => {
  oidc.account = account('carl')
  const carl = stand.browser()
  await carl.signInAt('oidc')
  const { data } = (await carl.query('security.read')) as { data: { linked: { provider: string; subject: string }[] } }
  expect((await carl.mutate('security.unlink', { ...data.linked[0] })).error?.code).toBe('conflict')
  expect((await carl.mutate('security.setPassword', { password: 'a car for carl' })).status).toBe(200)
  expect((await carl.mutate('security.setPassword', { password: 'another car' })).error?.code).toBe('not_in_this_state')
  expect((await carl.mutate('security.unlink', { ...data.linked[0] })).status).toBe(200)
  await carl.signInAt('oidc')
  expect(await signedInAs(carl)).toBe('carl@example.com')
  expect((await carl.query('security.read')).data).toMatchObject({ linked: [{ email: 'carl@example.com' }] })
})

test('an answer that nobody asked for, or that was asked for in another browser, signs nobody in', async () => {
  oidc.account = account('bob')
  for (const path of [
    '/api/auth/callback/oidc?code=made-up&state=made-up',
    '/api/auth/callback/oidc',
    '/api/auth/callback/nothing?code=x',
  ]) {
    const browser = stand.browser()
    await browser.fetch(path)
    expect(await signedInAs(browser), path).toBeUndefined()
  }
})

test('nobody is sent on to another site', async () => {
  oidc.account = account('bob')
  for (const callbackUrl of [
    'https://evil.example/x',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    `${stand.settings.url}.evil.example/`,
  ]) {
    const bob = stand.browser()
    expect(await bob.signInAt('oidc', callbackUrl), callbackUrl).toBe('/')
    expect(await signedInAs(bob)).toBe('bob@example.com')
  }
})

test('GitHub’s word counts for an address that it has confirmed, and not for another', async () => {
  github.emails = [{ email: 'eve@example.com', primary: true, verified: false }]
  const eve = stand.browser()
  expect(await eve.signInAt('github')).toBe('/sign-in?error=address_not_verified')
  github.emails = [
    { email: 'wrong@example.com', primary: true, verified: false },
    { email: 'eve@example.com', primary: false, verified: true },
  ]
  await eve.signInAt('github')
  expect(await signedInAs(eve)).toBe('eve@example.com')
})

test('a second factor is asked for after a provider as well', async () => {
  oidc.account = account('bob')
  const bob = stand.browser()
  await bob.signInAt('oidc')
  const person = (await stand.web.people.byEmail('bob@example.com')) ?? expect.fail()
  const { secret } = (await bob.mutate('security.beginTotp')).data as { secret: string }
  const { totpCode } = await import('../people/totp.ts')
  const step = () => Math.floor(Date.now() / 30_000)
  const { recoveryCodes } = (await bob.mutate('security.confirmTotp', { code: totpCode(secret, step()) })).data as {
    recoveryCodes: string[]
  }
  expect(recoveryCodes).toHaveLength(10)
  const again = stand.browser()
  expect(await again.signInAt('oidc')).toBe('/sign-in/second')
  expect(await signedInAs(again)).toBeUndefined()
  expect((await again.query('signIn.waiting')).data).toEqual({ email: 'bob@example.com', totp: true, passkeys: false })
  expect(await again.signInBy('second', { code: recoveryCodes[0] ?? '' })).toBeNull()
  expect(await signedInAs(again)).toBe(person.email)
})

/** As much of GitHub as a sign-in sees. */
async function startGitHub() {
  const state = { emails: [] as { email: string; primary: boolean; verified: boolean }[] }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://github')
    const json = (body: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    if (url.pathname === '/login/oauth/authorize') {
      const back = new URL(url.searchParams.get('redirect_uri') ?? '')
      back.search = new URLSearchParams({ code: 'a-code', state: url.searchParams.get('state') ?? '' }).toString()
      return response.writeHead(302, { location: back.href }).end()
    }
    if (url.pathname === '/login/oauth/access_token')
      return json({ access_token: 'a-token', token_type: 'bearer', scope: 'read:user,user:email' })
    if (url.pathname === '/api/v3/user') return json({ id: 7, login: 'eve', name: null, email: 'public@example.com' })
    if (url.pathname === '/api/v3/user/emails') return json(state.emails)
    return response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set emails(emails: typeof state.emails) {
      state.emails = emails
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}
