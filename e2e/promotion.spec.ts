import { expectAccessible } from './browser/accessible.ts'
import { deployButton, expectDeployed, expectEditorShows, typeInEditor } from './browser/editor.ts'
import { openService } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { hello } from './stack/programs.ts'

test('what was changed in one’s own environment is compared, promoted, answered by production, and undone', async ({
  page,
  shell,
}) => {
  await shell.deploy('welcomes', hello())
  await shell.m3o(['env', 'create', 'alice'])
  await openService(page, 'welcomes', { environment: 'alice', tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  await typeInEditor(page, hello('Good day')['index.ts'] ?? '')
  await deployButton(page, 'alice').click()
  await expectDeployed(page)
  const greeting = async () => shell.json(['call', 'welcomes', 'Hello', '--name', 'Ada'])
  expect(await greeting()).toEqual({ message: 'Hello Ada' })

  await test.step('the difference: revisions, and the lines of code', async () => {
    await page.goto('/demo/production/environments')
    await page.getByRole('button', { name: 'Actions on alice' }).click()
    await page.getByRole('menuitem', { name: 'Compare with production and promote' }).click()
    await expect(page).toHaveURL(/\/demo\/alice\/environments\/compare$/)
    const services = page.getByRole('list', { name: 'Different services' })
    await expect(services.getByRole('button', { name: /welcomes.*1 ahead/ })).toBeVisible()
    await services.getByRole('button', { name: /welcomes/ }).click()
    await services.getByRole('button', { name: /^(?!welcomes).*index\.ts/ }).click()
    await expect(services.getByText('Good day').first()).toBeVisible()
    await expectAccessible(page)
  })

  await page.getByRole('button', { name: 'Promote to production' }).click()
  const dialog = page.getByRole('dialog', { name: 'Promote to production' })
  await expect(dialog.getByRole('checkbox', { name: /welcomes/ })).toBeChecked()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Promote to production' }).click()
  await expect(page).toHaveURL(/\/environments\/promotions\/pr_/)
  await expect(page.getByRole('heading', { name: 'alice → production' })).toBeVisible()
  await expect(page.getByRole('main').getByRole('status')).toContainText('took')
  await expect(page.getByRole('list', { name: 'Services of this promotion' })).toContainText(/live.*welcomes/s)
  expect(await greeting()).toEqual({ message: 'Good day Ada' })
  await expectAccessible(page)

  await page.getByRole('button', { name: 'Undo' }).click()
  const confirm = page.getByRole('dialog', { name: 'Undo in production?' })
  await confirm.getByRole('button', { name: 'Undo in production' }).click()
  await expect(page.getByRole('heading', { name: 'Undo in production' })).toBeVisible()
  await expect(page.getByRole('main').getByRole('status')).toContainText('took')
  expect(await greeting()).toEqual({ message: 'Hello Ada' })
  expect(await shell.json(['call', 'welcomes', 'Hello', '--name', 'Ada', '--env', 'alice'])).toEqual({
    message: 'Good day Ada',
  })

  await test.step('the history says both', async () => {
    await page.goto('/demo/production/environments/compare')
    const rows = page.getByRole('table', { name: 'Promotions' }).getByRole('row')
    await expect(rows.nth(1)).toContainText('Undo in production')
    await expect(rows.nth(2)).toContainText(/undone.*alice → production/)
  })
})

test('a revision that lacks production’s latest is not promoted; its merge is offered, on screen and in the shell', async ({
  page,
  shell,
}) => {
  const two = (one: string, other: string) => ({
    'index.js': `const one = '${one}'\n\n\n\n\n\n\nconst other = '${other}'\nrequire('node:http').createServer((_, response) => response.end(JSON.stringify({ one, other }))).listen(process.env.PORT, process.env.HOST)\n`,
  })
  await shell.deploy('joined', two('a', 'b'))
  await shell.m3o(['env', 'create', 'alice'])
  await shell.deploy('joined', two('alice', 'b'), '--env', 'alice')
  await shell.deploy('joined', two('a', 'production'), '--force')

  const refused = await shell.m3o(['env', 'promote', 'alice', '--json'])
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.stdout)).toMatchObject({
    error: { code: 'conflict', data: { merge: { services: ['joined'] } } },
  })

  await page.goto('/demo/alice/environments/compare')
  await page.getByRole('button', { name: 'Promote to production' }).click()
  const dialog = page.getByRole('dialog', { name: 'Promote to production' })
  await expect(dialog.getByRole('button', { name: 'Promote to production' })).toHaveAttribute('aria-disabled', 'true')
  await dialog.getByRole('button', { name: 'Merge production' }).click()
  await expect(page.getByText('Merged joined')).toBeVisible()
  await expect(page.getByRole('button', { name: /joined.*ahead(?!,)/ })).toBeVisible()
  expect(await shell.json(['call', 'joined', '/', '--env', 'alice'])).toEqual({ one: 'alice', other: 'production' })

  expect(await shell.json(['env', 'diff', 'alice'])).toMatchObject({
    environment: 'alice',
    against: 'production',
    services: [{ service: 'joined', relation: 'ahead', here: { own: true } }],
    checks: [],
  })
  expect(await shell.json(['env', 'promote', 'alice', '--service', 'joined'])).toMatchObject({
    from: 'alice',
    into: 'production',
    outcome: 'live',
    services: [{ service: 'joined', left: true }],
  })
  expect(await shell.json(['call', 'joined', '/'])).toEqual({ one: 'alice', other: 'production' })
  expect(await shell.json(['env', 'promote', 'alice', '--undo'])).toMatchObject({ into: 'production', outcome: 'live' })
  expect(await shell.json(['call', 'joined', '/'])).toEqual({ one: 'a', other: 'production' })
})
