import { signIn } from './browser/people.ts'
import { expectAccessible, expectFitsWidth } from './browser/accessible.ts'
import { openService } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { Shell } from './stack/command.ts'
import { hello } from './stack/programs.ts'

test('a service that is shared with another team stands in its catalogue, and is called from there', async ({
  page,
  shell,
  stack,
  openWindow,
}) => {
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
  await expect(dialog.getByText('Enter at least one team')).toBeVisible()
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

test('a service that requires approval: requested, approved, deprecated, changed, forked and followed between two teams', async ({
  page,
  shell,
  stack,
  openWindow,
}) => {
  const told = {
    'README.md': '# Tariff\n\nWhat a parcel costs.\n\n<img src=x onerror=alert(1)>',
    'docs/zones.md': '# Zones\n\nThe walrus zone is the dearest.',
  }
  await shell.deploy('tariff', { ...hello(), ...told })
  await shell.json(['share', 'tariff', '--platform', '--approval', '--source', 'anyone'])
  const { link } = await shell.json<{ link: string }>([
    'invite',
    'create',
    'parcel-otto@example.com',
    '--role',
    'viewer',
  ])
  await using theirs = await Shell.open(stack)
  const otto = { email: 'parcel-otto@example.com', password: 'a neighbour of ours' }
  await theirs.json(['invite', 'accept', link, '--name', 'otto', '--password-stdin'], { input: `${otto.password}\n` })
  await theirs.json(['login', '--email', otto.email, '--password-stdin'], { input: `${otto.password}\n` })
  await theirs.json(['team', 'create', 'parcels'])
  await theirs.json(['team', 'use', 'parcels'])
  const refused = await theirs.m3o(['call', '@demo/tariff', 'Hello', '--name', 'x'])
  expect(refused.stderr).toContain('requires approval')

  const window = await openWindow()
  await signIn(window, otto)
  await window.goto('/parcels/production/services?q=walrus')
  await window
    .getByRole('table', { name: 'Services' })
    .getByRole('row')
    .filter({ hasText: '@demo/tariff' })
    .getByRole('link')
    .click()
  await window.getByRole('button', { name: 'Request approval' }).click()
  await window.getByRole('dialog').getByLabel('Reason').fill('To price parcels')
  await window.getByRole('dialog').getByRole('button', { name: 'Ask' }).click()
  await expect(window.getByRole('complementary', { name: 'Access' })).toContainText('parcels has requested approval')
  await window.getByRole('button', { name: 'Follow', exact: true }).click()
  await expect(window.getByRole('button', { name: 'Unfollow' })).toBeVisible()

  await openService(page, 'tariff', { tab: 'Consumers' })
  await page
    .getByRole('main')
    .getByRole('listitem')
    .filter({ hasText: 'To price parcels' })
    .getByRole('button', { name: 'Approve' })
    .click()
  await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
  // It is told without a reload.
  await expect(window.getByText('approved', { exact: true })).toBeVisible()
  await window.getByLabel('name', { exact: true }).fill('Otto')
  await window.getByRole('button', { name: 'Send to production' }).click()
  await expect(window.getByText('Hello Otto')).toBeVisible()
  await window.getByRole('link', { name: 'Documentation' }).click()
  await window.getByRole('button', { name: 'zones.md' }).click()
  await expect(window.getByText('The walrus zone is the dearest.')).toBeVisible()
  await expectAccessible(window)

  const changed = {
    ...told,
    'index.ts':
      hello()
        ['index.ts']?.replace('response: z.object({ message: z.string() })', 'response: z.object({ text: z.string() })')
        .replace('({ message:', '({ text:') ?? '',
  }
  // The caller of a moment ago is known once the gateway has told of it.
  await expect
    .poll(
      async () =>
        (await shell.json<{ team: string; requests: number }[]>(['consumers', 'tariff'])).find(
          ({ team }) => team === 'parcels',
        )?.requests,
    )
    .toBeGreaterThan(0)
  const folder = await shell.write('of-tariff', changed)
  const deployed = await shell.m3o(['deploy', folder, '--service', 'tariff'])
  expect(deployed.code).toBe(0)
  expect(deployed.stderr).toContain('Hello: the response no longer has message (called by members of parcels)')
  await openService(page, 'tariff', { tab: 'Deployments' })
  await page.getByRole('main').getByRole('link', { name: 'Deploy from a folder' }).first().click()
  await expect(page.getByRole('list', { name: 'Changed endpoints' })).toContainText('called by members of parcels')
  await expectAccessible(page)
  await shell.json(['deprecate', 'tariff', '-m', 'See tariff-2', '--sunset', '2031-01-31'])

  await window.goto('/parcels/production/services')
  await window.getByRole('button', { name: /^What changed: \d+ new$/ }).click()
  const news = window.getByRole('dialog', { name: 'What changed' })
  await expect(news.getByText('is deprecated: See tariff-2. It stops on 2031-01-31.')).toBeVisible()
  await expect(news.getByText('Hello: the response no longer has message')).toBeVisible()
  await news.getByRole('link', { name: '@demo/tariff' }).first().click()
  await expect(window.getByRole('complementary', { name: 'Deprecated' })).toContainText('31 January 2031')
  await window.getByRole('button', { name: 'Fork' }).click()
  await window.getByRole('dialog').getByRole('button', { name: 'Fork' }).click()
  await expect(window).toHaveURL(/\/parcels\/production\/services\/tariff\/code/)
  await window.goto('/parcels/production/services/tariff/overview')
  await expect(window.getByText('from @demo/tariff at')).toBeVisible()
  await theirs.json(['service', 'delete', 'tariff', '--yes'])
})
