import { expectAccessible, expectFitsWidth } from './browser/accessible.ts'
import { invited, signIn } from './browser/people.ts'
import { expect, test } from './browser/test.ts'
import { hello } from './stack/programs.ts'

test('the audit log is filtered, exported, and found whole; a token for a pipeline takes two clicks', async ({
  page,
  shell,
}) => {
  await shell.deploy('audited', hello())
  await page.goto('/demo/production/team?tab=audit')
  await page.getByRole('button', { name: 'Verify' }).click()
  await expect(page.getByText(/^Unchanged: all/)).toContainText('rows of this platform are unchanged')
  await page.getByLabel('Search the audit log').fill('service audited')
  const table = page.getByRole('table', { name: 'Audit log' })
  await expect(table.getByRole('row').filter({ hasText: 'member.add' })).toHaveCount(0)
  await expect(table.getByRole('row').filter({ hasText: 'service.deploy' }).first()).toContainText('service audited')
  await expectAccessible(page)
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export CSV' }).click()
  expect((await download).suggestedFilename()).toMatch(/^demo-audit-.*\.csv$/)
  await page.setViewportSize({ width: 390, height: 844 })
  await expectFitsWidth(page)

  await page.goto('/demo/production/team?tab=tokens')
  await page.getByRole('button', { name: 'Token for CI' }).click()
  await page.getByRole('button', { name: 'Create token' }).click()
  const shown = page.getByRole('dialog', { name: 'Token ci' })
  await shown.getByLabel('Service').selectOption('audited')
  await expect(shown.getByText(/git archive/)).toContainText('service=audited&wait=1')
  await expectAccessible(page)
  await shown.getByRole('button', { name: 'Done' }).click()
  await expect(
    page.getByRole('table', { name: 'Tokens' }).getByRole('row').filter({ hasText: 'a machine' }),
  ).toHaveCount(1)
  expect(await shell.json(['token', 'list', '--everyone'])).toContainEqual(
    expect.objectContaining({ name: 'ci', machine: 'developer' }),
  )
  await shell.json(['token', 'revoke', 'ci'])
})

test('a promotion waits for a second person, who lets it go', async ({ page, shell, stack, openWindow }) => {
  await shell.deploy('watched', hello())
  await shell.json(['env', 'create', 'careful', '--kind', 'shared'])
  await shell.json(['env', 'create', 'careful-on', '--from', 'careful'])
  await shell.deploy('watched', { ...hello(), 'notes.md': 'another' }, '--env', 'careful-on')
  await shell.json(['env', 'protect', 'careful', '--deploy', 'developer', '--approval'])
  const second = await invited(stack, shell, { email: 'second@example.com', password: 'a pair of eyes', role: 'admin' })
  await shell.json(['env', 'promote', 'careful-on', '--yes'])

  await page.goto('/demo/careful/environments')
  const waiting = page.getByRole('list', { name: 'Promotion requests' })
  await expect(waiting).toContainText('watched')
  await expect(waiting.getByRole('button', { name: 'Approve' })).toHaveAttribute('aria-disabled', 'true')
  await expectAccessible(page)

  const theirs = await openWindow()
  await signIn(theirs, second)
  await theirs.goto('/demo/careful/environments')
  await theirs.getByRole('button', { name: 'Approve' }).click()
  await expect(theirs).toHaveURL(/environments\/promotions\//)
  await expect(theirs.getByText('live').first()).toBeVisible()
  await expect(waiting).toHaveCount(0)
})
