import type { Locator, Page } from '@playwright/test'
import { editorOf } from './browser/editor.ts'
import { expectConnected, openService } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { reporter } from './stack/programs.ts'

const rows = (page: Page): Locator => page.locator('.xterm-rows').filter({ visible: true })

async function openTerminal(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'Terminal', exact: true }).click()
  await page.getByRole('button', { name: 'Open a terminal' }).click()
  await expect(rows(page)).toContainText(/[$#]/)
}

test('a shell in the sandbox: it answers, follows the window’s size, and keeps its screen over a reload', async ({
  page,
  shell,
}) => {
  await shell.deploy('shelled', reporter)
  await openService(page, 'shelled', { tab: 'Code' })
  if (!(await page.getByRole('tab', { name: 'Terminal', exact: true }).isVisible()))
    await page.getByRole('button', { name: 'Show the panel' }).click()
  await openTerminal(page)
  await page.keyboard.type('echo "from $M3O_SERVICE: $((6 * 7))"\n')
  await expect(rows(page)).toContainText('from shelled: 42')

  const columns = async () => {
    await page.keyboard.type('clear; echo "wide: $(stty size | cut -d" " -f2) ."\n')
    await expect(rows(page)).toContainText(/wide: \d+ \./)
    return Number(/wide: (\d+) \./.exec(await rows(page).innerText())?.[1])
  }
  const before = await columns()
  await page.setViewportSize({ width: 900, height: 800 })
  await expect.poll(columns).toBeLessThan(before)

  await page.keyboard.type('MINE=kept; echo still $MINE\n')
  await expect(rows(page)).toContainText('still kept')
  await page.reload()
  await expect(rows(page)).toContainText('still kept')
  await page.getByRole('textbox', { name: 'Terminal input' }).focus()
  await page.keyboard.type('echo and $MINE again\n')
  await expect(rows(page)).toContainText('and kept again')
})

test('its key opens a shell to type into, and brings one back that is there', async ({ page, shell }) => {
  await shell.deploy('keyed', reporter)
  await openService(page, 'keyed', { tab: 'Code' })
  await expect(editorOf(page)).toBeVisible()
  await expectConnected(page)
  await page.keyboard.press('Control+`')
  await expect(rows(page)).toContainText(/[$#]/)
  await page.keyboard.type('echo "one in $M3O_SERVICE"\n')
  await expect(rows(page)).toContainText('one in keyed')
  await page.getByRole('button', { name: 'Hide the panel' }).first().click()
  await expect(rows(page)).toHaveCount(0)
  await page.keyboard.press('Control+`')
  await page.keyboard.type('echo "the same: $((40 + 2))"\n')
  await expect(rows(page)).toContainText('the same: 42')
  await expect(rows(page)).toContainText('one in keyed')
})

test('a terminal comes back by itself when web was killed, with what was said meanwhile', async ({
  page,
  shell,
  stack,
  watch,
}) => {
  watch.expectComplaint(
    /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection|ERR_INCOMPLETE_CHUNKED|\b50[234]\b/,
  )
  await shell.deploy('lasting', reporter)
  await openService(page, 'lasting', { tab: 'Code' })
  if (!(await page.getByRole('tab', { name: 'Terminal', exact: true }).isVisible()))
    await page.getByRole('button', { name: 'Show the panel' }).click()
  await openTerminal(page)
  await page.keyboard.type('for n in 1 2 3 4 5; do echo tick $n; sleep 1; done\n')
  await expect(rows(page)).toContainText('tick 1')
  await stack.kill('web')
  await expect(page.getByText(/Disconnected, reconnecting/)).toBeVisible()
  await expect(page.getByText(/Disconnected, reconnecting/)).toBeHidden({ timeout: 30_000 })
  await expect(rows(page)).toContainText('tick 5')
  expect((await rows(page).innerText()).match(/tick \d/g)).toEqual([1, 2, 3, 4, 5].map((n) => `tick ${n}`))
  await expectConnected(page)
})

test('several at once, each ended on its own', async ({ page, shell }) => {
  await shell.deploy('several', reporter)
  await openService(page, 'several', { tab: 'Code' })
  if (!(await page.getByRole('tab', { name: 'Terminal', exact: true }).isVisible()))
    await page.getByRole('button', { name: 'Show the panel' }).click()
  await openTerminal(page)
  await page.keyboard.type('echo the first\n')
  await expect(rows(page)).toContainText('the first')
  await page.getByRole('button', { name: 'Open another terminal', exact: true }).click()
  const tabs = page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab')
  await expect(tabs).toHaveCount(2)
  await expect(rows(page)).not.toContainText('the first')
  await tabs.first().click()
  await expect(rows(page)).toContainText('the first')
  await tabs.first().press('Delete')
  await expect(tabs).toHaveCount(1)
})

test('a shell says where it is, knows its characters, and is marked when its instance was replaced', async ({
  page,
  shell,
}) => {
  await shell.deploy('marked', reporter)
  await openService(page, 'marked', { tab: 'Code' })
  if (!(await page.getByRole('tab', { name: 'Terminal', exact: true }).isVisible()))
    await page.getByRole('button', { name: 'Show the panel' }).click()
  await openTerminal(page)
  await expect(rows(page)).toContainText('marked@production:')
  await page.keyboard.type('echo "language: $LANG"\n')
  await expect(rows(page)).toContainText('language: C.UTF-8')
  await shell.deploy('marked', { ...reporter, 'more.js': '' })
  const mark = page.getByRole('status').filter({ hasText: /instance.* was replaced/ })
  await expect(mark).toBeVisible()
  await mark.getByRole('button', { name: /Open a shell in the current one|Open a new one/ }).click()
  await expect(
    page
      .getByRole('status')
      .filter({ hasText: /instance.* was replaced/ })
      .filter({ visible: true }),
  ).toHaveCount(0)
  await expect(rows(page)).toContainText('marked@production:')
})
