import { expect, test } from './browser/test.ts'
import { crashesAtBoot, hello } from './stack/programs.ts'

test('deployments are narrowed by state and by person on the server, and a link keeps that', async ({
  page,
  shell,
}) => {
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

test('an endpoint that answers many times is listened to in the console, until one stops it', async ({
  page,
  ownersShell,
}) => {
  await page.goto('/demo/production/services/feed/api?endpoint=Follow')
  await page.getByRole('button', { name: 'Send to production' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'listening' })).toBeVisible()
  await ownersShell.json(['call', 'guestbook', 'Sign', '--name', 'Ann', '--message', '<b>heard?</b>'])
  await expect(page.getByRole('list', { name: 'Messages' })).toContainText('<b>heard?</b>')
  await page.getByRole('button', { name: 'Stop' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'stopped' })).toBeVisible()
})

test('a deployment shows what it replaced, also once another is live; one that failed says what is still live', async ({
  page,
  shell,
}) => {
  const first = await shell.deploy('changing', hello())
  const second = await shell.deploy('changing', { ...hello('Hi'), 'later.ts': 'export {}\n' })
  const of = (id: string) => page.goto(`/demo/production/services/changing/deployments/${id}`)
  await of(first.deployment)
  await expect(page.getByText('The first revision here: all files are new.')).toBeVisible()
  await expect(page.getByRole('main')).not.toContainText('later.ts')
  await of(second.deployment)
  await expect(page.getByText(/Compared with \w{7}, which it replaced\./)).toBeVisible()
  await expect(page.getByRole('main')).toContainText('later.ts')
  const folder = await shell.write('of-changing-broken', crashesAtBoot)
  await shell.m3o(['deploy', folder, '--service', 'changing', '--force'])
  await page.goto('/demo/production/services/changing/deployments')
  await page.getByRole('list', { name: 'Deployments' }).getByRole('link').first().click()
  await expect(page.getByRole('alert').filter({ hasText: 'is still live in production' })).toBeVisible()

  await test.step('back from the list', async () => {
    await page.goto('/demo/production/services/changing/deployments')
    await page
      .getByRole('button', { name: /^Roll back to/ })
      .filter({ visible: true })
      .last()
      .click()
    await expect(page.getByText(/Roll changing back to \w{7}/)).toBeVisible()
  })
})
