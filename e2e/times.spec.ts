import type { Page } from '@playwright/test'
import { expectConnected, openService } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { reporter } from './stack/programs.ts'

// Half an hour off all others, so that no other zone is taken for it.
test.use({ timezoneId: 'Asia/Kolkata', locale: 'en-GB' })

const tip = (page: Page) => page.getByRole('tooltip')
const local = /^\w{3} \d+ \w+ \d{4}, \d\d:\d\d:\d\d GMT\+5:30/
const utc = /^\w{3} \d+ \w+ \d{4}, \d\d:\d\d:\d\d UTC/
/** Hours and minutes by a clock so many minutes before or after UTC. */
const clockAt = (offset: number) => new Date(Date.now() + offset * 60_000).toISOString().slice(11, 14)

test('the exact time is told with its zone, in rows that are links, by pointer and by keyboard; UTC when a person wants it', async ({
  page,
  shell,
}) => {
  await shell.deploy('timed', reporter)
  await page.goto('/demo/production/deployments?service=timed')
  await expectConnected(page)
  await expect(page).toHaveTitle('Deployments · production · M3O')
  const row = page.getByRole('table', { name: 'Deployments' }).getByRole('row').nth(1)

  await test.step('by pointer, though the link covers the row', async () => {
    const box = await row.locator('time').boundingBox()
    await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + (box?.height ?? 0) / 2)
    await expect(tip(page)).toHaveText(local)
    await expect(tip(page)).toContainText('UTC')
    await page.mouse.move(5, 5)
    await expect(tip(page)).toHaveCount(0)
  })

  await test.step('by keyboard', async () => {
    await page.keyboard.press('j')
    await expect(row.getByRole('link')).toBeFocused()
    await expect(tip(page)).toHaveText(local)
  })

  await test.step('in UTC, also after a reload, wherever a time of day stands', async () => {
    await page.getByRole('button', { name: /account, theme, sign out/ }).click()
    await page.getByRole('menuitem', { name: 'UTC' }).click()
    await page.reload()
    await expectConnected(page)
    await page.keyboard.press('j')
    await expect(tip(page)).toHaveText(utc)
  })

  const log = page.getByRole('log')
  await test.step('the log of a deployment and the logs tell the same clock', async () => {
    await page.keyboard.press('Enter')
    await expect(page.getByText(/Times in UTC/)).toBeVisible()
    await expect(log.locator('time').first()).toContainText(new RegExp(`^(${clockAt(-2)}|${clockAt(0)})`))
    await openService(page, 'timed', { tab: 'Logs' })
    await expect(log.locator('time').first()).toContainText(new RegExp(`^(${clockAt(-2)}|${clockAt(0)})`))
    await page.getByRole('button', { name: /account, theme, sign out/ }).click()
    await page.getByRole('menuitem', { name: /^Local/ }).click()
    await expect(log.locator('time').first()).toContainText(new RegExp(`^(${clockAt(328)}|${clockAt(330)})`))
  })
})
