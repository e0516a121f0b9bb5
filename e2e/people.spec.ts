import type { BrowserContext, Page } from '@playwright/test'
import { createHmac } from 'node:crypto'
import { expectAccessible, expectFitsWidth } from './browser/accessible.ts'
import { invited, signIn } from './browser/people.ts'
import { expect, test as base } from './browser/test.ts'
import { linkIn, type MailServer, startMailServer } from './people/mail-server.ts'
import { type OidcServer, startOidcServer } from './people/oidc-server.ts'
import { freePort } from './platform/processes.ts'
import { admin, startStack } from './stack/stack.ts'

/** A platform that sends mail and knows a provider. */
const test = base.extend<object, { mail: MailServer; oidc: OidcServer }>({
  mail: [
    async ({}, use) => {
      await using mail = await startMailServer()
      await use(mail)
    },
    { scope: 'worker' },
  ],
  oidc: [
    async ({}, use) => {
      await using oidc = await startOidcServer()
      await use(oidc)
    },
    { scope: 'worker' },
  ],
  stack: [
    async ({ mail, oidc }, use) => {
      const port = await freePort()
      oidc.allow(`http://127.0.0.1:${port}/api/auth/callback/oidc`)
      const stack = await startStack({
        samples: false,
        settings: {
          M3O_PORT: String(port),
          M3O_SMTP_URL: mail.url,
          M3O_MAIL_FROM: 'M3O <m3o@example.com>',
          M3O_OIDC_ISSUER: oidc.issuer,
          M3O_OIDC_CLIENT_ID: oidc.client.id,
          M3O_OIDC_CLIENT_SECRET: oidc.client.secret,
          M3O_OIDC_NAME: 'Example',
        },
      })
      await use(stack)
      await stack.stop()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
})

const narrow = { width: 390, height: 844 }
const account = '/demo/production/settings?tab=account'

/** At both widths. */
async function look(page: Page): Promise<void> {
  await expectAccessible(page)
  const size = page.viewportSize()
  await page.setViewportSize(narrow)
  await expectFitsWidth(page)
  if (size !== null) await page.setViewportSize(size)
}

test('a forgotten password is set anew by a link, and a link signs in', async ({ stack, shell, openWindow, mail }) => {
  const person = await invited(stack, shell, {
    email: 'frida@example.com',
    password: 'soon forgotten',
    role: 'developer',
  })
  const before = await openWindow()
  await signIn(before, person)
  const page = await openWindow()
  await page.goto('/sign-in')
  await look(page)
  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await expect(page.getByRole('heading', { name: 'New password' })).toBeVisible()
  await look(page)
  await page.getByLabel('Email').fill(person.email)
  await page.getByRole('button', { name: 'Send the link' }).click()
  await expect(page.getByRole('status').getByText(/If there is an account of/)).toBeVisible()
  await page.goto(linkIn(await mail.next(person.email, { after: 1 })).link)
  await expect(page.getByLabel('New password')).toBeVisible()
  expect(page.url()).not.toContain('#')
  await look(page)
  await page.getByLabel('New password').fill('well remembered')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await expect(page.getByRole('heading', { name: 'Catalogue' })).toBeVisible()
  await expect(
    before.getByRole('link', { name: /Signed out/ }).or(before.getByRole('button', { name: 'Sign in' })),
  ).toBeVisible()

  const after = mail.received.length
  const other = await openWindow()
  await other.goto('/sign-in/link')
  await other.getByLabel('Email').fill(person.email)
  await other.getByRole('button', { name: 'Send the link' }).click()
  await expect(other.getByRole('status').getByText(/If there is an account of/)).toBeVisible()
  await expect
    .poll(() => mail.received.slice(after).some(({ subject }) => subject.startsWith('Your sign-in link')))
    .toBe(true)
  const letter = mail.received.findLast(({ subject }) => subject.startsWith('Your sign-in link'))
  await other.goto(linkIn(letter ?? { text: '' }).link)
  await other.getByRole('button', { name: 'Continue' }).click()
  await expect(other.getByRole('heading', { name: 'Catalogue' })).toBeVisible()
})

test('a provider signs in who is invited, and an account is linked and unlinked by its person', async ({
  page,
  shell,
  openWindow,
  oidc,
}) => {
  oidc.account = { sub: 'oskar', email: 'oskar@example.com', email_verified: true, name: 'Oskar' }
  const theirs = await openWindow()
  await theirs.goto('/sign-in')
  await theirs.getByRole('button', { name: 'Continue with Example' }).click()
  await expect(theirs.getByRole('alert').filter({ hasText: 'No account has your address' })).toBeVisible()
  const { link } = await shell.json<{ link: string }>(['invite', 'create', 'oskar@example.com', '--role', 'viewer'])
  await theirs.goto(link)
  await look(theirs)
  await theirs.getByRole('button', { name: 'Continue with Example' }).click()
  await theirs.getByRole('button', { name: 'Join demo' }).click()
  await expect(theirs.getByRole('heading', { name: 'Catalogue' })).toBeVisible()

  oidc.account = { sub: 'ada', email: admin.email, email_verified: true, name: 'Ada' }
  await page.goto(account)
  const linked = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Linked accounts' }) })
  await linked.getByRole('button', { name: 'Link' }).click()
  await expect(page).toHaveURL(/tab=account/)
  await expect(linked).toContainText(admin.email)
  await look(page)
  await linked.getByRole('button', { name: /^Unlink Example/ }).click()
  await expect(linked.getByRole('button', { name: 'Link' })).toBeVisible()
})

test('an authenticator app is set up, asked for, and a recovery code stands in for it', async ({
  stack,
  shell,
  openWindow,
  watch,
}) => {
  watch.expectComplaint(/401 \(Unauthorized\).*callback\/second/)
  const person = await invited(stack, shell, {
    email: 'theo@example.com',
    password: 'one of two things',
    role: 'developer',
  })
  const page = await openWindow()
  await signIn(page, person)
  await page.goto(account)
  await page.getByRole('button', { name: 'Set up' }).click()
  const dialog = page.getByRole('dialog', { name: 'Authenticator app' })
  await expect(dialog.getByRole('img', { name: 'QR code for the app' })).toBeVisible()
  await expectAccessible(page)
  const secret = (await dialog.getByLabel('Key for the app').innerText()).replaceAll(' ', '')
  await dialog.getByLabel('Code', { exact: true }).fill(codeOf(secret))
  await dialog.getByRole('button', { name: 'Confirm the code' }).click()
  const kept = page.getByRole('dialog', { name: 'Save these recovery codes' })
  await expect(kept).toBeVisible()
  const [first = ''] = await kept.getByRole('listitem').allInnerTexts()
  await expectAccessible(page)
  await kept.getByRole('button', { name: 'I have saved them' }).click()
  await expect(page.getByText('10 recovery codes left')).toBeVisible()

  const again = await openWindow()
  await again.goto('/sign-in')
  await again.getByLabel('Email').fill(person.email)
  await again.getByLabel('Password').fill(person.password)
  await again.getByRole('button', { name: 'Sign in' }).click()
  await expect(again.getByRole('heading', { name: 'One more step' })).toBeVisible()
  await look(again)
  await again.getByLabel('Code').fill('000000')
  await again.getByRole('button', { name: 'Continue' }).click()
  await expect(again.getByRole('alert').filter({ hasText: 'This code is wrong' })).toBeVisible()
  await again.getByLabel('Code').fill(first)
  await again.getByRole('button', { name: 'Continue' }).click()
  await expect(again.getByRole('heading', { name: 'Catalogue' })).toBeVisible()

  const refused = await shell.m3o(['login', '--email', person.email, '--password-stdin', '--url', stack.url], {
    input: `${person.password}\n`,
  })
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^error: this account requires a second factor.* \(forbidden\)\nLog in with the browser: run `m3o login`/,
    ),
  })
})

test('a passkey is added, signs in by itself, and is a second factor of a password', async ({
  stack,
  shell,
  openWindow,
}) => {
  const person = await invited(stack, shell, {
    email: 'paula@example.com',
    password: 'not needed later',
    role: 'developer',
  })
  const port = new URL(stack.url).port
  // A number is no host that a passkey could belong to.
  const page = await openWindow({ baseURL: `http://localhost:${port}` })
  await withAuthenticator(page.context(), page)
  await signIn(page, person)
  await page.goto(account)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add a passkey' })
  await dialog.getByLabel('Name').fill('My key')
  await dialog.getByRole('button', { name: 'Add it' }).click()
  await page
    .getByRole('dialog', { name: 'Save these recovery codes' })
    .getByRole('button', { name: 'I have saved them' })
    .click()
  await expect(page.getByText('Passkey · My key')).toBeVisible()
  await look(page)

  await page.context().clearCookies()
  await page.goto('/sign-in')
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(page.getByRole('heading', { name: 'Catalogue' })).toBeVisible()

  await page.context().clearCookies()
  await page.goto('/sign-in')
  await page.getByLabel('Email').fill(person.email)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { name: 'One more step' })).toBeVisible()
  await look(page)
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await expect(page.getByRole('heading', { name: 'Catalogue' })).toBeVisible()

  await page.goto(account)
  await page.getByRole('button', { name: 'Remove the passkey My key' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click()
  await expect(page.getByText('Passkey · My key')).toHaveCount(0)
})

/** Chromium's own authenticator, whose finger is always there. */
async function withAuthenticator(context: BrowserContext, page: Page): Promise<void> {
  const session = await context.newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

/** As an app makes it (RFC 6238), by its own hand: not with the code under test. */
function codeOf(secret: string): string {
  const bits = [...secret]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const mac = createHmac('sha1', key).update(counter).digest()
  return String((mac.readUInt32BE((mac[19] ?? 0) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
