import { afterAll, beforeAll, expect, test } from 'vitest'
import { startStand, type Stand } from '../testing/stand.ts'
import { totpCode } from './totp.ts'

let stand: Stand
let ann: ReturnType<Stand['browser']>
let secret: string
let recovery: string[]
const email = 'ann@example.com'
const password = 'correct horse'
/** Codes are taken once: each test takes one that is later than the last, which is still near enough. */
let used = 0
const fresh = () => {
  used = Math.max(used + 1, Math.floor(Date.now() / 30_000) - 1)
  return totpCode(secret, used)
}

beforeAll(async () => {
  stand = await startStand()
  await stand.web.setup.run(stand.setupCode, { email, name: 'Ann', password })
  ann = stand.browser()
  await ann.signIn(email, password)
}, 90_000)
afterAll(async () => stand[Symbol.asyncDispose]())

test('an authenticator app counts once a code of it was right, and gives recovery codes once', async () => {
  secret = ((await ann.mutate('security.beginTotp')).data as { secret: string }).secret
  expect((await ann.mutate('security.confirmTotp', { code: '000000' })).error).toMatchObject({
    code: 'bad_request',
    field: 'code',
  })
  expect(await stand.browser().passwordError(email, password)).toBeNull()
  const made = (await ann.mutate('security.confirmTotp', { code: fresh() })).data as { recoveryCodes: string[] }
  recovery = made.recoveryCodes
  expect(recovery).toHaveLength(10)
  expect(new Set(recovery).size).toBe(10)
  expect(recovery[0]).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/)
  expect((await ann.mutate('security.beginTotp')).error?.code).toBe('not_in_this_state')
  expect((await ann.query('security.read')).data).toMatchObject({ totp: true, recoveryCodes: 10 })
})

test('a password alone signs nobody in any more: not in the browser, not for the command, not by an invitation', async () => {
  const browser = stand.browser()
  expect(await browser.passwordError(email, 'wrong')).toBe('unauthenticated')
  expect(await browser.passwordError(email, password)).toBe('second_factor')
  expect((await browser.query('person.me')).error?.code).toBe('unauthenticated')
  expect((await browser.mutate('person.login', { email, password })).error).toMatchObject({
    code: 'forbidden',
    fix: expect.stringContaining('m3o login') as string,
  })
  const owner = stand.as(await stand.viewerOf((await stand.web.people.byEmail(email)) ?? expect.fail()))
  await owner.teams.create({ name: 'second' })
  const { link } = await owner.invitations.create({ team: 'second', email, role: 'viewer' })
  expect((await browser.mutate('invitations.accept', { secret: link.split('/').at(-1), password })).error?.code).toBe(
    'forbidden',
  )
})

test('a code completes the sign-in that waits in this browser, once, and in no other', async () => {
  const [browser, other] = [stand.browser(), stand.browser()]
  await browser.passwordError(email, password)
  expect((await browser.query('signIn.waiting')).data).toEqual({ email, totp: true, passkeys: false })
  expect((await other.query('signIn.waiting')).data).toBeNull()
  const code = fresh()
  expect(await other.signInBy('second', { code })).toBe('unauthenticated')
  expect(await browser.signInBy('second', { code })).toBeNull()
  expect((await browser.query('person.me')).data).toMatchObject({ person: { email } })
  expect((await browser.query('person.sessions')).data).toContainEqual(
    expect.objectContaining({ method: 'password, code', current: true }),
  )
  expect((await browser.query('signIn.waiting')).data).toBeNull()
  // A code that was seen over a shoulder is worth nothing.
  await other.passwordError(email, password)
  expect(await other.signInBy('second', { code })).toBe('unauthenticated')
  stand.web.limits.signIn.giveBack('address 127.0.0.1')
})

test('a recovery code works once, however it is typed, and is in the audit', async () => {
  const [browser, other] = [stand.browser(), stand.browser()]
  await browser.passwordError(email, password)
  expect(await browser.signInBy('second', { code: ` ${recovery[0]?.toUpperCase().replaceAll('-', ' ')} ` })).toBeNull()
  await other.passwordError(email, password)
  expect(await other.signInBy('second', { code: recovery[0] ?? '' })).toBe('unauthenticated')
  expect((await browser.query('security.read')).data).toMatchObject({ recoveryCodes: 9 })
  const { recoveryCodes } = (await browser.mutate('security.renewRecovery')).data as { recoveryCodes: string[] }
  expect(recoveryCodes).toHaveLength(10)
  expect(await other.signInBy('second', { code: recovery[1] ?? '' })).toBe('unauthenticated')
  expect(await other.signInBy('second', { code: recoveryCodes[1] ?? '' })).toBeNull()
  await expect
    .poll(async () => (await stand.audit()).map(({ action }) => action))
    .toEqual(expect.arrayContaining(['person.factor.add', 'person.recovery.use', 'person.recovery.renew']))
  const kept = JSON.stringify(await stand.audit())
  for (const code of [secret, ...recovery, ...recoveryCodes]) expect(kept).not.toContain(code)
})

test('guessing codes is slowed down, the right one included', async () => {
  const bob = await stand.web.people.create({ email: 'bob@example.com', name: 'Bob', password, operator: false })
  const browser = stand.browser()
  await browser.signIn(bob.email, password)
  const own = ((await browser.mutate('security.beginTotp')).data as { secret: string }).secret
  const step = () => Math.floor(Date.now() / 30_000)
  await browser.mutate('security.confirmTotp', { code: totpCode(own, step() - 1) })
  const guessing = stand.browser()
  await guessing.passwordError(bob.email, password)
  const outcomes: (string | null)[] = []
  for (let n = 0; n < 6; n++) outcomes.push(await guessing.signInBy('second', { code: String(n).padStart(6, '0') }))
  expect(outcomes.at(-1)).toBe('rate_limited')
  expect(await guessing.signInBy('second', { code: totpCode(own, step()) })).toBe('rate_limited')
})

test('how one signs in is changed by somebody who is there, and never by a token', async () => {
  const browser = stand.browser()
  await browser.passwordError(email, password)
  await browser.signInBy('second', { code: recovery[2] ?? '' })
  const owner = (await stand.web.people.byEmail(email)) ?? expect.fail()
  const { token } = await stand.as(await stand.viewerOf(owner)).tokens.create({ team: 'demo', name: 'mine' })
  const changes: [string, unknown][] = [
    ['security.beginTotp', {}],
    ['security.removeTotp', {}],
    ['security.renewRecovery', {}],
    ['security.changeEmail', { email: 'x@example.com' }],
    ['security.passkeyOptions', { host: 'localhost' }],
    ['security.beginLinking', { provider: 'oidc' }],
    ['security.setPassword', { password: 'a fine password' }],
  ]
  for (const [procedure, input] of changes) {
    expect(
      (await stand.browser().mutate(procedure, input, { authorization: `Bearer ${token}` })).error?.code,
      procedure,
    ).toBe('forbidden')
    expect((await stand.browser().mutate(procedure, input)).error?.code, procedure).toBe('unauthenticated')
  }
  // A session that was left open for longer than a while is asked who it is.
  const sessionId = (await ann.query('person.sessions')).data as { id: string; current: boolean }[]
  await stand.forgetConfirmed(sessionId.find(({ current }) => current)?.id ?? '')
  expect((await ann.mutate('security.removeTotp')).error).toMatchObject({ code: 'forbidden', data: { confirm: true } })
  expect((await ann.mutate('security.confirm', { password: 'wrong' })).error?.code).toBe('bad_request')
  expect((await ann.mutate('security.confirm', { password })).status).toBe(200)
  expect((await ann.mutate('security.removeTotp')).status).toBe(200)
  expect((await ann.query('security.read')).data).toMatchObject({ totp: false, recoveryCodes: 0 })
  stand.web.limits.signIn.giveBack('address 127.0.0.1')
  expect(await stand.browser().passwordError(email, password)).toBeNull()
})

test('an operator helps who has lost everything: the factor goes, the sessions end, and the password is asked for as before', async () => {
  const eve = await stand.web.people.create({ email: 'eve@example.com', name: 'Eve', password, operator: false })
  const browser = stand.browser()
  await browser.signIn(eve.email, password)
  expect((await ann.mutate('platform.removeFactors', { email: eve.email })).error).toMatchObject({
    code: 'not_in_this_state',
    field: 'email',
  })
  const own = ((await browser.mutate('security.beginTotp')).data as { secret: string }).secret
  await browser.mutate('security.confirmTotp', { code: totpCode(own, Math.floor(Date.now() / 30_000)) })
  expect((await browser.mutate('platform.removeFactors', { email: eve.email })).error?.code).toBe('forbidden')
  expect((await ann.mutate('platform.removeFactors', { email: eve.email })).data).toEqual({ email: eve.email })
  expect((await browser.query('person.me')).error?.code).toBe('unauthenticated')
  expect(await browser.passwordError(eve.email, password)).toBeNull()
  await expect
    .poll(async () =>
      (await stand.audit()).some(
        ({ action, target, actor }) =>
          action === 'person.factor.remove' && target === `person ${eve.email}` && actor.id !== eve.id,
      ),
    )
    .toBe(true)
})

test('a passkey is asked for by a host’s name, and what nobody signed is refused', async () => {
  expect((await ann.mutate('security.passkeyOptions', { host: '127.0.0.1' })).error).toMatchObject({
    code: 'bad_request',
    fix: `Open the console at http://localhost:${stand.settings.port}.`,
  })
  expect((await ann.mutate('security.passkeyOptions', { host: 'evil.example' })).error?.code).toBe('bad_request')
  const { challenge } = (await ann.mutate('security.passkeyOptions', { host: 'localhost' })).data as {
    challenge: string
  }
  const clientDataJSON = (about: object) =>
    Buffer.from(
      JSON.stringify({
        type: 'webauthn.create',
        origin: `http://localhost:${stand.settings.port}`,
        challenge,
        ...about,
      }),
    ).toString('base64url')
  const answer = (data: string) => ({
    id: 'AAAA',
    rawId: 'AAAA',
    type: 'public-key',
    response: { clientDataJSON: data, attestationObject: 'o2NmbXRkbm9uZQ' },
    clientExtensionResults: {},
  })
  for (const data of [clientDataJSON({ challenge: 'another' }), clientDataJSON({}), clientDataJSON({}), 'nonsense']) {
    expect(
      (await ann.mutate('security.addPasskey', { name: 'mine', answer: answer(data) })).status,
    ).toBeGreaterThanOrEqual(400)
  }
  expect(
    await stand
      .browser()
      .signInBy('passkey', { answer: JSON.stringify(answer(clientDataJSON({ type: 'webauthn.get' }))) }),
  ).toBe('unauthenticated')
  expect(await stand.browser().signInBy('passkey', { answer: 'nonsense' })).toBe('bad_request')
  expect((await ann.query('security.read')).data).toMatchObject({ passkeys: [] })
})
