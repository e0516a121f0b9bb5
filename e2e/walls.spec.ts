import { expectAccessible } from './browser/accessible.ts'
import { serviceUrl } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { reporter } from './stack/programs.ts'

test('where a team’s services may go is set by its admins, and holds', async ({ page, shell }) => {
  await page.goto('/demo/production/settings')
  const section = page
    .getByRole('region', { name: 'Outbound network access' })
    .or(page.locator('section', { hasText: 'Outbound network access' }))
    .first()
  await expect(section).toContainText('All public addresses')
  await section.getByRole('button', { name: 'Change' }).click()
  const dialog = page.getByRole('dialog', { name: 'Outbound network access' })
  await dialog.getByText('Only listed addresses').click()
  await dialog.getByLabel('Hosts and networks').fill('api.example.com\nnot a host!')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog).toContainText('is not a host')
  await dialog.getByLabel('Hosts and networks').fill('api.example.com\n203.0.113.0/24')
  await page.mouse.move(0, 0) // off the button, whose shortcut would be shown
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog).toHaveCount(0)
  await expect(section).toContainText('203.0.113.0/24')
  expect(await shell.json(['team', 'egress'])).toMatchObject({
    egress: { mode: 'listed', hosts: ['api.example.com', '203.0.113.0/24'] },
  })
  expect(await shell.json(['team', 'egress', 'all'])).toMatchObject({ egress: { mode: 'all' }, most: { mode: 'all' } })
})

test('a secret stands in no page’s source, and survives another key', async ({ page, shell }) => {
  const secret = 'canary/of+pages=51c0ffee'
  await shell.deploy('canaried', reporter)
  await shell.m3o(['secret', 'set', 'canaried', 'WORD'], { input: secret })
  await shell.json(['restart', 'canaried'])
  expect(await shell.json(['key', 'rotate'])).toMatchObject({ key: expect.stringMatching(/^\S{8}$/) })
  await shell.json(['restart', 'canaried'])
  expect(await shell.json(['call', 'canaried', '/'])).toMatchObject({ word: secret })
  const tabs = (['Overview', 'Code', 'API', 'Logs', 'Deployments', 'Settings'] as const).map((tab) =>
    serviceUrl('canaried', { tab }),
  )
  for (const url of [
    ...tabs,
    '/demo/production',
    '/demo/production/logs',
    '/demo/production/deployments',
    '/demo/production/settings',
    '/demo/production/team',
  ]) {
    const answer = await page.request.get(url)
    expect([url, answer.status()]).toEqual([url, 200])
    const text = await answer.text()
    for (const form of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      secret.replaceAll('/', '\\u002F'),
    ])
      expect([url, text.includes(form)]).toEqual([url, false])
  }
})
