import { expectAccessible } from './browser/accessible.ts'
import { deployButton, editorOf, expectDeployed, expectEditorShows } from './browser/editor.ts'
import { catalogueRow, expectConnected, expectServiceLive, openTab } from './browser/screens.ts'
import { test as base, expect } from './browser/test.ts'
import { startStack } from './stack/stack.ts'
import type { Stack } from './stack/stack.ts'

/** Nobody has set this installation up yet. */
const test = base.extend<{ fresh: Stack }>({
  fresh: [
    async ({}, use) => {
      const stack = await startStack({ withAdmin: false })
      await use(stack)
      await stack.stop()
    },
    { timeout: 90_000 },
  ],
  baseURL: async ({ fresh }, use) => use(fresh.url),
  storageState: async ({}, use) => use({ cookies: [], origins: [] }),
})

test('from the printed link to a first service that answers', async ({ page, fresh, openWindow }) => {
  const link = /Create the first owner account[^\n]*: (\S+)/.exec(fresh.output())?.[1]
  expect(link, fresh.output()).toBeDefined()
  await page.goto(link ?? '')
  await expectAccessible(page)
  await page.getByLabel('Your name').fill('Grace Hopper')
  await page.getByLabel('Email').fill('grace@example.com')
  await page.getByLabel('Password').fill('nine bugs in a relay')
  await page.getByRole('button', { name: 'Create the account' }).click()

  await expect(page.getByRole('heading', { name: 'Catalogue' })).toBeVisible()
  for (const sample of ['guestbook', 'greeter', 'feed']) await expect(catalogueRow(page, sample)).toContainText('live')
  await expectConnected(page)

  await page.getByRole('button', { name: 'New service' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New service' })
  await dialog.getByLabel('Name').fill('first')
  await dialog.getByRole('radio', { name: /Hello/ }).check()
  await dialog.getByRole('button', { name: /Create/ }).click()
  await expect(page).toHaveURL(/\/demo\/production\/services\/first\/code/)
  await expect(editorOf(page)).toBeVisible()
  await expectEditorShows(page, 'Hello ${name}')
  await deployButton(page).click()
  await expectDeployed(page)
  await expectServiceLive(page, 'first')

  await openTab(page, 'API')
  await page.getByLabel('name', { exact: true }).fill('Grace')
  await page.getByRole('button', { name: 'Send to production' }).click()
  await expect(page.getByText('Hello Grace')).toBeVisible()

  await test.step('the link works once', async () => {
    const other = await openWindow()
    await other.goto(link ?? '')
    await expect(other.getByRole('button', { name: 'Create the account' })).toHaveCount(0)
  })
})
