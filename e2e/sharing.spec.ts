import { signIn } from './browser/people.ts'
import { expectAccessible, expectFitsWidth } from './browser/accessible.ts'
import { openService } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { Shell } from './stack/command.ts'
import { hello } from './stack/programs.ts'

test('a service that is shared with another team stands in its catalogue, and is called from there', async ({ page, shell, stack, openWindow }) => {
  await shell.deploy('lent', hello())
  const { link } = await shell.json<{ link: string }>(['invite', 'create', 'nina@example.com', '--role', 'viewer'])
  await using theirs = await Shell.open(stack)
  const nina = { email: 'nina@example.com', password: 'a neighbour of ours' }
  await theirs.json(['invite', 'accept', link, '--name', 'nina', '--password-stdin'], { input: `${nina.password}\n` })
  await theirs.json(['login', '--email', nina.email, '--password-stdin'], { input: `${nina.password}\n` })
  await theirs.json(['team', 'create', 'neighbours'])
  const window = await openWindow()
  await signIn(window, nina)
  await window.goto('/neighbours/production/services')
  await expect(window.getByText('No services yet')).toBeVisible()

  await openService(page, 'lent', { tab: 'Settings' })
  await page.getByRole('button', { name: /^Share/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Who may call it' })
  await dialog.getByLabel('Named teams').check()
  await dialog.getByRole('button', { name: 'Share' }).click()
  await expect(dialog.getByText('Name one team at least')).toBeVisible()
  await dialog.getByLabel('Teams', { exact: true }).fill('neighbours')
  await dialog.getByRole('button', { name: 'Share' }).click()
  await expect(page.getByRole('main')).toContainText('Its team, and neighbours')

  const row = window.getByRole('table', { name: 'Services' }).getByRole('row').filter({ hasText: '@demo/lent' })
  await expect(row).toContainText('shared')
  await row.getByRole('link').click()
  await expect(window).toHaveURL(/\/neighbours\/production\/shared\/demo\/lent$/)
  await expectAccessible(window)
  await window.getByLabel('name', { exact: true }).fill('Nina')
  await window.getByRole('button', { name: 'Send to production' }).click()
  await expect(window.getByText('Hello Nina')).toBeVisible()
  await window.setViewportSize({ width: 390, height: 844 })
  await expectFitsWidth(window)

  await shell.json(['share', 'lent', '--team-only'])
  await window.goto('/neighbours/production/services')
  await expect(window.getByText('No services yet')).toBeVisible()
})
