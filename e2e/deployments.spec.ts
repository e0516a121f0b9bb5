import { expect, test } from './browser/test.ts'
import { crashesAtBoot, hello } from './stack/programs.ts'

test('deployments are narrowed by state and by person on the server, and a link keeps that', async ({ page, shell }) => {
  await shell.deploy('steady', hello())
  const folder = await shell.write('of-broken', crashesAtBoot)
  await shell.m3o(['deploy', folder, '--service', 'steady'])
  await page.goto('/demo/production/deployments?service=steady')
  const rows = page.getByRole('table', { name: 'Deployments' }).getByRole('row')
  await expect(rows).toHaveCount(3)
  const asked = page.waitForRequest((request) => request.url().includes('deployments.list'))
  await page.getByLabel('State').selectOption('failed')
  await asked
  await expect(rows).toHaveCount(2)
  await expect(rows.last()).toContainText('failed')
  await expect(page).toHaveURL(/state=failed/)
  await page.reload()
  await expect(rows).toHaveCount(2)
  await page.goto('/demo/production/deployments?service=steady&by=M3O')
  await expect(page.getByText('Nothing matches')).toBeVisible()
})

test('an endpoint that answers many times is listened to in the console, until one stops it', async ({ page, ownersShell }) => {
  await page.goto('/demo/production/services/feed/api?endpoint=Follow')
  await page.getByRole('button', { name: 'Send to production' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'listening' })).toBeVisible()
  await ownersShell.json(['call', 'guestbook', 'Sign', '--name', 'Ann', '--message', '<b>heard?</b>'])
  await expect(page.getByRole('list', { name: 'Messages' })).toContainText('<b>heard?</b>')
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'stopped' })).toBeVisible()
})
