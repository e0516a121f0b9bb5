import { chooseEnvironment, expectConnected, openService, openTab } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { hello } from './stack/programs.ts'

test('j and k begin in a table that has no focus yet, and its rows are one stop of Tab', async ({ page, shell }) => {
  await shell.untilState('greeter', 'live')
  await page.goto('/demo/production/services')
  await expectConnected(page)
  const table = page.getByRole('table', { name: 'Services' })
  const links = table.locator('[data-row-link]')
  await expect(links.nth(1)).toBeVisible()
  await page.keyboard.press('j')
  await expect(links.nth(0)).toBeFocused()
  await page.keyboard.press('j')
  await expect(links.nth(1)).toBeFocused()
  await page.keyboard.press('k')
  await expect(links.nth(0)).toBeFocused()
  // All other rows' links and buttons are out of the way of Tab.
  await expect(table.locator('tbody tr:not(:first-child) :is(a, button):not([tabindex="-1"])')).toHaveCount(0)

  await test.step('rows without a link take the focus themselves', async () => {
    await page.goto('/demo/production/team')
    await expectConnected(page)
    const rows = page.getByRole('table', { name: 'Members' }).locator('tbody tr')
    await expect(rows.first()).toBeVisible()
    await page.keyboard.press('j')
    await expect(rows.first()).toBeFocused()
  })
})

test('another environment keeps what was looked for; a tab leads back to what it showed', async ({ page, shell }) => {
  await shell.deploy('kept', hello())
  await shell.json(['env', 'create', 'noor'])
  await page.goto('/demo/production/services?q=kept')
  await expectConnected(page)
  await chooseEnvironment(page, 'noor')
  await expect(page).toHaveURL(/\/demo\/noor\/services\?q=kept$/)

  await openService(page, 'kept', { environment: 'noor', tab: 'API' })
  await page.goto('/demo/noor/services/kept/api?endpoint=Hello')
  await chooseEnvironment(page, 'production')
  await expect(page).toHaveURL(/\/demo\/production\/services\/kept\/api\?endpoint=Hello$/)

  await openTab(page, 'Metrics')
  await page.getByRole('radio', { name: '24 h' }).check({ force: true })
  await expect(page).toHaveURL(/range=24h/)
  await openTab(page, 'Overview')
  await openTab(page, 'Metrics')
  await expect(page).toHaveURL(/range=24h/)
  await openTab(page, 'Metrics')
  await expect(page).toHaveURL(/range=24h/)
})

test('the palette reaches everything from everywhere, by other words as well, and remembers', async ({
  page,
  shell,
}) => {
  await shell.deploy('reached', hello())
  await shell.deploy('reached', hello('Hi'))
  await page.goto('/demo/production/logs')
  await expectConnected(page)
  const palette = page.getByRole('dialog', { name: 'Search and commands' })
  const search = async (text: string) => {
    await page.keyboard.press('Control+k')
    await palette.getByRole('combobox').fill(text)
  }
  for (const [text, title] of [
    ['api key', 'New token'],
    ['health', 'Platform health'],
    ['log out', 'Sign out'],
    ['secrets reached', 'Variables and secrets: reached'],
    ['docs reached', 'Docs: reached'],
  ] as const) {
    await search(text)
    await expect(palette.getByRole('option', { name: title }).first()).toBeVisible()
    await page.keyboard.press('Escape')
    await expect(palette).toHaveCount(0)
  }
  await search('rollback reached')
  await expect(palette.getByRole('option', { name: 'Roll back: reached' })).toBeVisible()
  await page.keyboard.press('Enter')
  await expect(
    page
      .getByRole('alertdialog')
      .or(page.getByRole('dialog'))
      .getByText(/Roll reached back/),
  ).toBeVisible()
  await page.keyboard.press('Escape')

  await search('invite')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/team/)
  await expect(page.getByRole('dialog').getByLabel(/Email/)).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+k')
  await expect(palette.getByRole('group', { name: 'Recent' })).toContainText(/Invite a person.*|Roll back: reached/)
})
