import { deployButton, expectEditorShows } from './browser/editor.ts'
import { catalogueRow, expectConnected, openService } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { hello } from './stack/programs.ts'

const away = /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|WebSocket connection|Failed to fetch|\b50[234]\b/

test('a deployment that is asked for offline is refused at once, and never made later', async ({
  page,
  shell,
  watch,
}) => {
  watch.expectComplaint(away)
  await shell.deploy('unsent', hello())
  await openService(page, 'unsent', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  await expectConnected(page)
  // The editor’s helpers are there.
  await page.waitForLoadState('networkidle')
  const sent: string[] = []
  page.on('request', (request) => {
    if (/deployments\.(start|saveAndStart)/.test(request.url())) sent.push(request.url())
  })
  await page.context().setOffline(true)
  await deployButton(page).click()
  await expect(page.getByText(/not sent: this browser is offline/i).first()).toBeVisible({ timeout: 2_000 })
  await expect(deployButton(page)).not.toHaveAttribute('aria-busy', 'true')
  await page.context().setOffline(false)
  await expectConnected(page)
  await page.getByRole('main').getByRole('link', { name: 'Deployments', exact: true }).first().click()
  await expect(page).toHaveURL(/\/deployments/)
  expect(sent).toEqual([])
})

test('a link that is followed offline says so, asks for nothing, and opens by itself', async ({
  page,
  shell,
  watch,
}) => {
  watch.expectComplaint(away)
  await shell.deploy('reached-later', hello())
  await page.goto('/demo/production/services')
  await expectConnected(page)
  await page.evaluate(() => {
    document.body.dataset['mark'] = 'the same page'
  })
  await page.context().setOffline(true)
  let asked = 0
  page.on('request', (request) => {
    if (request.headers()['rsc'] !== undefined && request.headers()['next-router-prefetch'] === undefined) asked += 1
  })
  await catalogueRow(page, 'reached-later').getByRole('link', { name: 'reached-later', exact: true }).click()
  await expect(page.getByText('No connection to the console.')).toBeVisible()
  expect(asked).toBeLessThan(3)
  await page.context().setOffline(false)
  await expect(page.getByRole('heading', { name: 'reached-later', level: 1 })).toBeVisible()
  await expect(page.getByText('No connection to the console.')).toBeHidden()
  expect(await page.evaluate(() => document.body.dataset['mark'])).toBe('the same page')
})

test('a plain link too', async ({ page, watch }) => {
  watch.expectComplaint(away)
  await page.goto('/demo/production/services')
  await expectConnected(page)
  await page.evaluate(() => {
    const link = document.createElement('a')
    link.href = '/demo/production/team'
    link.textContent = 'A plain link'
    document.querySelector('main')?.prepend(link)
  })
  await page.context().setOffline(true)
  await page.getByText('A plain link').click()
  await expect(page.getByText('No connection to the console.')).toBeVisible()
  await page.context().setOffline(false)
  await expect(page).toHaveURL(/\/team$/)
})
