import { expectAccessible, expectFitsWidth } from './browser/accessible.ts'
import { expect, test } from './browser/test.ts'

test('operators say who may get an account, and pass links on where no mail is sent', async ({ page, openWindow }) => {
  const theirs = await openWindow()
  await theirs.goto('/sign-in')
  await expect(theirs.getByText(/Ask a team admin for an invitation/)).toBeVisible()
  await page.goto('/demo/production/settings?tab=platform')
  const people = page.locator('section').filter({ has: page.getByRole('heading', { name: 'People', exact: true }) })
  await people.getByText('Open', { exact: true }).click()
  await expect(people).toContainText('you pass the links on')

  await theirs.reload()
  await theirs.getByRole('link', { name: 'Sign up' }).click()
  // Both pages ask for an address: it is for the second.
  await expect(theirs.getByRole('heading', { name: 'Sign up' })).toBeVisible()
  await theirs.getByLabel('Email').fill('nora@example.com')
  await theirs.getByRole('button', { name: 'Continue' }).click()
  await expect(theirs.getByRole('status').getByText(/ask an operator for the link/)).toBeVisible()
  await expectAccessible(theirs)

  await page.reload()
  const waiting = page
    .getByRole('list', { name: 'Pending messages' })
    .getByRole('listitem')
    .filter({ hasText: 'nora@example.com' })
  await expect(waiting).toContainText('signs up')
  await expectAccessible(page)
  await page.setViewportSize({ width: 390, height: 844 })
  await expectFitsWidth(page)
  await page.setViewportSize({ width: 1280, height: 800 })
  await waiting.getByRole('button', { name: 'Show the link' }).click()
  const shown = page.getByRole('dialog', { name: 'The link for nora@example.com' })
  const link = await shown.getByLabel('Secret, shown this once').innerText()
  await shown.getByRole('button', { name: 'Done' }).click()
  await waiting.getByRole('button', { name: 'Dismiss the message to nora@example.com' }).click()
  await expect(waiting).toHaveCount(0)

  await theirs.goto(link)
  await theirs.getByLabel('Your name').fill('Nora')
  await theirs.getByLabel('Password').fill('a doll in a house')
  await theirs.getByRole('button', { name: 'Create the account' }).click()
  await expect(theirs.getByRole('heading', { name: 'New team' })).toBeVisible()

  await people.getByText('By invitation', { exact: true }).click()
  await expect(people).toContainText('Only people who are invited to a team get an account')
})

test('what is sent before the script of a page has come is sent when it has, and a refused form keeps what was typed', async ({
  openWindow,
  watch,
}) => {
  watch.expectComplaint(/401 \(Unauthorized\)/)
  const theirs = await openWindow()
  const refusal = theirs.getByText('The email or the password is wrong')
  const loaded = Promise.withResolvers<void>()
  await theirs.route('**/_next/static/**/*.js', async (route) => {
    await loaded.promise
    await route.continue()
  })
  await theirs.goto('/sign-in', { waitUntil: 'commit' })
  await theirs.getByLabel('Email').fill('nobody@example.com')
  await theirs.getByLabel('Password').fill('not a password of anybody')
  await theirs.getByRole('button', { name: 'Sign in' }).click()
  loaded.resolve()
  await expect(refusal).toBeVisible()
  await expect(theirs.getByLabel('Email')).toHaveValue('nobody@example.com')

  await theirs.getByLabel('Email').fill('somebody@example.com')
  await Promise.all([
    theirs.waitForResponse('**/api/auth/callback/credentials'),
    theirs.getByRole('button', { name: 'Sign in' }).click(),
  ])
  await expect(refusal).toBeVisible()
  await expect(theirs.getByLabel('Email')).toHaveValue('somebody@example.com')
})
