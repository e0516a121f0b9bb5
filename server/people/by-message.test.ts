import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkIn, type MailServer, startMailServer } from '#e2e/people/mail-server.ts'
import type { Browser } from '../testing/browser.ts'
import { useMessage } from './message-limit.ts'
import { RateLimit } from './rate-limit.ts'
import { eventually, startStand, type Stand } from '../testing/stand.ts'

let mail: MailServer
let stand: Stand
let ann: Browser
const email = 'ann@example.com'
const password = 'correct horse'

beforeAll(async () => {
  mail = await startMailServer()
  stand = await startStand({ settings: () => ({ M3O_SMTP_URL: mail.url, M3O_MAIL_FROM: 'M3O <m3o@example.com>' }) })
  await stand.web.setup.run(stand.setupCode, { email, name: 'Ann', password })
  ann = stand.browser()
  await ann.signIn(email, password)
}, 90_000)
afterAll(async () => {
  await stand[Symbol.asyncDispose]()
  await mail[Symbol.asyncDispose]()
})

const freely = (...addresses: string[]) => {
  stand.web.limits.message.giveBack('message from 127.0.0.1')
  for (const address of [email, ...addresses])
    for (const key of [address, `${address} from 127.0.0.1`]) stand.web.limits.messageTo.giveBack(key)
}

test('an address is confirmed by the link that was sent to it, once, and only by who is signed in to its account', async () => {
  // Who set the platform up is believed.
  expect((await ann.query('security.read')).data).toMatchObject({ emailVerified: true })
  const max = 'max@example.com'
  await stand.web.people.create({ email: max, name: 'Max', password, operator: false })
  const own = stand.browser()
  await own.signIn(max, password)
  expect((await own.query('security.read')).data).toMatchObject({ emailVerified: false })
  expect((await own.mutate('security.verifyEmail')).data).toEqual({ mailed: true })
  const letter = await mail.next(max)
  expect(letter).toMatchObject({ subject: 'Confirm your address · M3O', from: 'm3o@example.com' })
  const { link, code } = linkIn(letter)
  expect(link).toBe(`${stand.settings.url}/sign-in/message#${code}`)
  expect((await stand.browser().mutate('signIn.readCode', { code })).data).toEqual({ kind: 'verify', email: max })
  // Whoever reads max's mail, and knows nothing of the account, confirms nothing of it by a click.
  for (const other of [stand.browser(), ann])
    expect((await other.mutate('signIn.confirmAddress', { code })).error?.code).toBe('forbidden')
  const tries = await Promise.all([1, 2, 3].map(() => own.mutate('signIn.confirmAddress', { code })))
  expect(tries.map(({ status }) => status).sort()).toEqual([200, 404, 404])
  expect((await own.query('security.read')).data).toMatchObject({ emailVerified: true })
  expect((await own.query('person.me')).data).not.toHaveProperty('person.unconfirmed')
})

test(
  'who proves an unconfirmed address takes the account, and nothing of whoever had it works any more',
  { timeout: 60_000 },
  async () => {
    freely()
    const owner = stand.as(await stand.viewerOf((await stand.web.people.byEmail(email)) ?? expect.fail()))
    const { link } = await owner.invitations.create({ team: 'demo', email: 'ceo@example.com', role: 'developer' })
    await stand
      .browser()
      .mutate('invitations.accept', { secret: link.split('/').at(-1), name: 'The boss', password: 'a pretender to it' })
    const eve = stand.browser()
    await eve.signIn('ceo@example.com', 'a pretender to it')
    expect((await eve.query('person.me')).data).toMatchObject({
      person: { email: 'ceo@example.com', unconfirmed: true },
    })
    expect(await owner.members.list({ team: 'demo' })).toContainEqual(
      expect.objectContaining({
        person: expect.objectContaining({ email: 'ceo@example.com', unconfirmed: true }) as unknown,
      }),
    )
    // All that could come back: a program's token, the command's, a code for the command, another address that waits.
    const { token } = (await eve.mutate('tokens.create', { team: 'demo', name: 'mine' })).data as { token: string }
    const command = (
      await stand.browser().mutate('person.login', { email: 'ceo@example.com', password: 'a pretender to it' })
    ).data as { token: string }
    const { redirect } = (await eve.mutate('person.confirmCommand', { port: 4_000, state: 'a state of it' })).data as {
      redirect: string
    }
    await eve.mutate('security.changeEmail', { email: 'eve@evil.example' })
    const away = linkIn(await mail.next('eve@evil.example'))

    freely()
    const boss = stand.browser()
    await boss.mutate('signIn.requestReset', { email: 'ceo@example.com' })
    const reset = linkIn(
      await mail.next('ceo@example.com', {
        after: mail.received.findLastIndex(({ to }) => to.includes('eve@evil.example')),
      }),
    )
    expect(
      (await boss.mutate('signIn.reset', { code: reset.code, password: 'the boss in person' })).data,
    ).toMatchObject({ email: 'ceo@example.com' })
    expect(
      (
        await mail.next('ceo@example.com', {
          after: mail.received.findLastIndex(({ subject }) => subject.startsWith('Choose')) + 1,
        })
      ).text,
    ).toContain('You confirmed that this address is yours')

    expect((await eve.query('person.me')).error?.code).toBe('unauthenticated')
    for (const bearer of [token, command.token])
      expect(
        (await stand.browser().mutate('person.rename', { name: 'x' }, { authorization: `Bearer ${bearer}` })).error
          ?.code,
      ).toBe('unauthenticated')
    expect(
      (await stand.browser().mutate('person.exchangeCode', { code: new URL(redirect).searchParams.get('code') })).error
        ?.code,
    ).toBe('unauthenticated')
    expect(await eve.passwordError('ceo@example.com', 'a pretender to it')).toBe('unauthenticated')
    expect((await eve.mutate('signIn.confirmAddress', { code: away.code })).error?.code).toBe('not_found')
    await boss.signIn('ceo@example.com', 'the boss in person')
    const me = (await boss.query('person.me')).data as { person: object; teams: { name: string }[] }
    expect(me.person).not.toHaveProperty('unconfirmed')
    expect(me.teams.map(({ name }) => name)).toEqual(['demo'])
    await eventually(async () => (await stand.audit()).some(({ action }) => action === 'person.claim'))
    expect(await stand.audit()).toContainEqual(
      expect.objectContaining({
        action: 'person.claim',
        target: 'person ceo@example.com',
        after: { by: 'a link to the address', teams: ['demo (developer)'] },
      }),
    )
  },
)

test('an operator confirms an address that they have looked at, and no other', async () => {
  const bo = await stand.web.people.create({ email: 'bo@example.com', name: 'Bo', password, operator: false })
  const own = stand.browser()
  await own.signIn(bo.email, password)
  const asked = { userId: bo.id, email: bo.email }
  expect((await own.mutate('platform.confirmPerson', asked)).error?.code).toBe('forbidden')
  expect((await ann.query('platform.people')).data).toMatchObject({
    unconfirmed: expect.arrayContaining([expect.objectContaining({ email: bo.email })]) as unknown,
  })
  expect((await ann.mutate('platform.confirmPerson', { ...asked, email: 'another@example.com' })).error?.code).toBe(
    'not_found',
  )
  expect((await ann.mutate('platform.confirmPerson', asked)).status).toBe(200)
  expect((await own.query('security.read')).data).toMatchObject({ emailVerified: true })
})

test('an address or a name that looks like another’s is refused', async () => {
  for (const address of [
    'ceo@example.com.',
    'сeo@example.com',
    '"ceo"@example.com',
    'ceo@example.com\r\nBcc: eve@evil.example',
    'ceo@[127.0.0.1]',
    'ceo..x@example.com',
    'mar\u212a@example.com',
    'ceo@exam\u00adple.com',
  ]) {
    expect(
      (await ann.mutate('invitations.create', { team: 'demo', email: address, role: 'viewer' })).error?.code,
      address,
    ).toBe('bad_request')
  }
  for (const name of ['ceo@example.com', 'Ann\u202e', 'Ann\r\nBcc: x', 'An\u200bn', '\ud800'])
    expect((await ann.mutate('person.rename', { name })).error?.code, JSON.stringify(name)).toBe('bad_request')
  expect(
    (await ann.mutate('tokens.create', { team: 'demo', name: 'ceo@example.com', machine: { role: 'developer' } })).error
      ?.code,
  ).toBe('bad_request')
  expect((await ann.mutate('person.rename', { name: 'Zoë 張' })).status).toBe(200)
  await ann.mutate('person.rename', { name: 'Ann' })
})

test('a link signs in, once; a code that was made up does not', async () => {
  freely()
  const after = mail.received.length
  await stand.browser().mutate('signIn.requestLink', { email: email.toUpperCase() })
  const { code } = linkIn(await mail.next(email, { after }))
  const [one, two, three] = [stand.browser(), stand.browser(), stand.browser()]
  expect(await three.signInBy('link', { code: `${code}x` })).toBe('not_found')
  expect((await Promise.all([one.signInBy('link', { code }), two.signInBy('link', { code })])).sort()).toEqual(
    [null, 'not_found'].sort(),
  )
  const signedIn = await Promise.all([one, two].map(async (each) => (await each.query('person.me')).status))
  expect(signedIn.sort()).toEqual([200, 401])
  expect((await ann.query('person.sessions')).data).toContainEqual(expect.objectContaining({ method: 'link' }))
})

test('a password is reset by a link, which ends all sessions and what the command was logged in with', async () => {
  freely()
  const command = (await stand.browser().mutate('person.login', { email, password })).data as { token: string }
  const after = mail.received.length
  await stand.browser().mutate('signIn.requestReset', { email })
  const { code } = linkIn(await mail.next(email, { after }))
  const other = stand.browser()
  expect((await other.mutate('signIn.reset', { code, password: 'short' })).error).toMatchObject({
    code: 'bad_request',
    field: 'password',
  })
  expect((await other.mutate('signIn.reset', { code, password: 'another fine horse' })).data).toMatchObject({
    email,
    commandsSignedOut: 1,
  })
  expect((await ann.query('person.me')).error?.code).toBe('unauthenticated')
  expect((await stand.browser().query('person.me')).error?.code).toBe('unauthenticated')
  expect(
    (await stand.browser().mutate('person.rename', { name: 'x' }, { authorization: `Bearer ${command.token}` })).error
      ?.code,
  ).toBe('unauthenticated')
  expect(await other.passwordError(email, password)).toBe('unauthenticated')
  expect((await other.mutate('signIn.reset', { code, password: 'a third fine horse' })).error?.code).toBe('not_found')
  expect(await ann.passwordError(email, 'another fine horse')).toBeNull()
  await eventually(() => mail.received.some(({ text }) => text.includes('The password of your account was changed')))
})

test('nobody learns from an answer whether an address has an account, nor by asking often', async () => {
  freely()
  const before = mail.received.length
  for (const procedure of ['signIn.requestLink', 'signIn.requestReset']) {
    const [known, unknown] = [
      await stand.browser().mutate(procedure, { email }),
      await stand.browser().mutate(procedure, { email: 'nobody@example.com' }),
    ]
    expect(unknown).toEqual(known)
  }
  await eventually(() => mail.received.length >= before + 2)
  expect(mail.received.filter(({ to }) => to.includes('nobody@example.com'))).toEqual([])
  freely()
  const codes: (string | undefined)[] = []
  for (let n = 0; n < 6; n++)
    codes.push((await stand.browser().mutate('signIn.requestReset', { email: 'somebody@example.com' })).error?.code)
  expect(codes).toEqual([undefined, undefined, undefined, undefined, undefined, 'rate_limited'])
  freely()
})

test("who asks often for somebody else's messages keeps none from them, and an address is sent 20 in an hour at most", () => {
  const limits = {
    message: new RateLimit({ burst: 5, everyMs: 60_000 }),
    messageTo: new RateLimit({ burst: 5, everyMs: 720_000 }),
  } as Stand['web']['limits']
  const ask = (from: string) => useMessage({ limits }, { from, to: 'victim@example.com' })
  for (let n = 0; n < 5; n++) expect(ask('192.0.2.1')).toBe(true)
  for (let n = 0; n < 20; n++) expect(() => ask('192.0.2.1')).toThrow('too many')
  expect(ask('198.51.100.1')).toBe(true)
  // From everywhere together: nothing more is sent, and nobody is told.
  const sent = Array.from({ length: 50 }, (_, n) => ask(`203.0.113.${n}`)).filter(Boolean)
  expect(sent).toHaveLength(9)
})

test('one gets an account as operators chose: by invitation, freely, or not at all', async () => {
  const eve = stand.browser()
  const ask = () => eve.mutate('signIn.requestSignUp', { email: 'eve@example.com' })
  expect((await eve.query('platform.welcome')).data).toMatchObject({ signUp: 'invitation', mail: true, providers: [] })
  expect((await ask()).error).toMatchObject({ code: 'forbidden', fix: expect.stringContaining('invite') as string })
  expect((await eve.mutate('platform.setSignUp', { signUp: 'open' })).error?.code).toBe('unauthenticated')
  await ann.mutate('platform.setSignUp', { signUp: 'open' })
  expect((await ask()).data).toEqual({ mailed: true })
  const { code } = linkIn(await mail.next('eve@example.com'))
  expect((await eve.mutate('signIn.readCode', { code })).data).toEqual({ kind: 'sign-up', email: 'eve@example.com' })
  expect((await eve.mutate('signIn.signUp', { code, name: 'Eve', password: 'an apple a day' })).data).toEqual({
    email: 'eve@example.com',
  })
  expect((await eve.mutate('signIn.signUp', { code, name: 'Eve', password: 'an apple a day' })).error?.code).toBe(
    'not_found',
  )
  expect(await eve.passwordError('eve@example.com', 'an apple a day')).toBeNull()
  expect((await eve.query('person.me')).data).toMatchObject({ person: { name: 'Eve' }, operator: false, teams: [] })
  expect((await eve.query('security.read')).data).toMatchObject({ emailVerified: true, hasPassword: true })

  // Who has an account is told so, by mail alone.
  freely('eve@example.com')
  const after = mail.received.length
  expect((await ask()).data).toEqual({ mailed: true })
  expect((await mail.next('eve@example.com', { after })).text).toContain('You already have an account')

  const owner = stand.as(await stand.viewerOf((await stand.web.people.byEmail(email)) ?? expect.fail()))
  const { link } = await owner.invitations.create({ team: 'demo', email: 'late@example.com', role: 'viewer' })
  await ann.mutate('platform.setSignUp', { signUp: 'closed' })
  const accept = () =>
    stand
      .browser()
      .mutate('invitations.accept', { secret: link.split('/').at(-1), name: 'Late', password: 'too late for this' })
  expect((await accept()).error?.code).toBe('forbidden')
  expect((await ask()).error?.code).toBe('forbidden')
  await ann.mutate('platform.setSignUp', { signUp: 'invitation' })
  expect((await accept()).status).toBe(200)
})

test('an invitation is sent to its address, and its link is kept nowhere in the open', async () => {
  const owner = stand.as(await stand.viewerOf((await stand.web.people.byEmail(email)) ?? expect.fail()))
  mail.refuse(true)
  const { link, mailed } = await owner.invitations.create({ team: 'demo', email: 'zoe@example.com', role: 'developer' })
  expect(mailed).toBe(true)
  const secret = link.split('/').at(-1) ?? ''
  mail.refuse(false)
  const letter = await mail.next('zoe@example.com')
  expect(letter.subject).toBe('Ann invites you to demo · M3O')
  const mailedCode = /\/invite\/(\S+)/.exec(letter.text)?.[1] ?? ''
  expect(mailedCode.startsWith(`${secret}.`)).toBe(true)
  expect(secret.length).toBeGreaterThan(20)
  // Only the mailed link tells whether there is an account, also by what it is refused with.
  expect((await stand.browser().query('invitations.read', { secret: mailedCode })).data).toMatchObject({
    hasAccount: false,
  })
  expect((await stand.browser().query('invitations.read', { secret })).data).toMatchObject({ hasAccount: null })
  const known =
    (await owner.invitations.create({ team: 'demo', email: 'max@example.com', role: 'viewer' })).link
      .split('/')
      .at(-1) ?? ''
  expect((await stand.browser().query('invitations.read', { secret: known })).data).toMatchObject({ hasAccount: null })
  const refusals = await Promise.all(
    [known, secret].map((one) => stand.browser().mutate('invitations.accept', { secret: one, password: 'short' })),
  )
  expect(refusals.map(({ error }) => error?.code)).toEqual(['bad_request', 'bad_request'])
  const account = await stand
    .browser()
    .mutate('invitations.accept', { secret: mailedCode, name: 'Zoe', password: 'a zebra in the zoo' })
  expect(account.data).toMatchObject({ team: 'demo', role: 'developer' })
  const zoe = stand.browser()
  await zoe.signIn('zoe@example.com', 'a zebra in the zoo')
  expect((await zoe.query('security.read')).data).toMatchObject({ emailVerified: true })

  // Whoever invites sees another link, which proves nothing, nor does one that is made up of it.
  for (const [index, end] of ['', '.made-up', `.${mailedCode.split('.')[1]}`].entries()) {
    const invited = `zac${index}@example.com`
    const shown =
      (await owner.invitations.create({ team: 'demo', email: invited, role: 'viewer' })).link.split('/').at(-1) ?? ''
    expect(
      (
        await stand
          .browser()
          .mutate('invitations.accept', { secret: `${shown}${end}`, name: 'Zac', password: 'a zebra in the zoo' })
      ).status,
    ).toBe(200)
    const zac = stand.browser()
    await zac.signIn(invited, 'a zebra in the zoo')
    expect((await zac.query('security.read')).data).toMatchObject({ emailVerified: false })
  }
}, 60_000)

test('an address is changed by a link to the new one; the former one is told, and its links stop working', async () => {
  freely('eve@example.com')
  const after = mail.received.length
  await stand.browser().mutate('signIn.requestReset', { email: 'eve@example.com' })
  const before = linkIn(await mail.next('eve@example.com', { after }))
  const eve = stand.browser()
  await eve.signIn('eve@example.com', 'an apple a day')
  expect((await eve.mutate('security.changeEmail', { email: 'eva@example.com' })).data).toEqual({ mailed: true })
  const { code } = linkIn(await mail.next('eva@example.com'))
  expect((await eve.mutate('signIn.confirmAddress', { code })).data).toEqual({ email: 'eva@example.com' })
  expect((await eve.query('person.me')).data).toMatchObject({ person: { email: 'eva@example.com' } })
  await eventually(() =>
    mail.received.some(
      ({ to, text }) => to.includes('eve@example.com') && text.includes('The address of your account was changed'),
    ),
  )
  expect(
    (await stand.browser().mutate('signIn.reset', { code: before.code, password: 'not the same one' })).error?.code,
  ).toBe('not_found')
  // An address that is somebody's is not told of, and gets no link.
  freely()
  expect((await eve.mutate('security.changeEmail', { email })).data).toEqual({ mailed: true })
})

test('what changes how one signs in is in the audit, without any code', async () => {
  const sql = stand.audit
  await eventually(async () => (await sql()).some(({ action }) => action === 'person.email'))
  const rows = await sql()
  const actions = rows.map(({ action }) => action)
  for (const action of [
    'person.create',
    'person.email.verify',
    'person.password.reset',
    'platform.configure',
    'person.email',
  ])
    expect(actions, action).toContain(action)
  expect(JSON.stringify(rows)).not.toMatch(/correct horse|another fine|an apple/)
})
