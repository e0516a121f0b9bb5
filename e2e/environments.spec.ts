import type { Page } from '@playwright/test'
import { expectAccessible } from './browser/accessible.ts'
import { deployButton, expectDeployed, expectEditorShows, typeInEditor } from './browser/editor.ts'
import { catalogueRow, chooseEnvironment, expectServiceLive, header, openService, openTab } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { hello } from './stack/programs.ts'

const environmentRow = (page: Page, name: string) =>
  page
    .getByRole('table', { name: 'Environments' })
    .getByRole('row')
    .filter({ has: page.getByRole('link', { name, exact: true }) })

test('an environment of one’s own: made, switched to in place, deployed into alone, deleted', async ({
  page,
  shell,
}) => {
  await shell.deploy('layered', hello())
  await page.goto('/demo/production/environments')
  await page.getByRole('button', { name: 'New environment' }).click()
  const dialog = page.getByRole('dialog', { name: 'New environment' })
  await dialog.getByLabel('Name').fill('alice')
  await dialog.getByRole('button', { name: 'Create environment' }).click()
  await expect(page).toHaveURL(/\/demo\/alice\//)
  await expect(catalogueRow(page, 'layered')).toContainText('production')

  await test.step('the switcher keeps the screen', async () => {
    await openService(page, 'layered', { tab: 'Code' })
    await expectEditorShows(page, 'Hello ${name}')
    await chooseEnvironment(page, 'alice')
    await expect(page).toHaveURL(/\/demo\/alice\/services\/layered\/code/)
    await expect(header(page)).toContainText('inherited from')
  })

  await expectEditorShows(page, 'Hello ${name}')
  await typeInEditor(page, hello('Alice says hello')['index.ts'] ?? '')
  await deployButton(page, 'alice').click()
  await expectDeployed(page)
  await expectServiceLive(page, 'layered')
  await expect(header(page)).not.toContainText('inherited from')
  expect(await shell.json(['call', 'layered', 'Hello', '--name', 'Ada', '--env', 'alice'])).toEqual({
    message: 'Alice says hello Ada',
  })
  expect(await shell.json(['call', 'layered', 'Hello', '--name', 'Ada'])).toEqual({ message: 'Hello Ada' })

  await test.step('production is unchanged in the console as well', async () => {
    await openTab(page, 'API')
    await page.getByLabel('name', { exact: true }).fill('Grace')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await expect(page.getByText('Alice says hello Grace')).toBeVisible()
    await chooseEnvironment(page, 'production')
    await page.getByLabel('name', { exact: true }).fill('Grace')
    await page.getByRole('button', { name: 'Send to production' }).click()
    await expect(page.getByText('"Hello Grace"')).toBeVisible()
  })

  await page.goto('/demo/production/environments')
  await expect(environmentRow(page, 'alice')).toContainText(/layered.*ada@example\.com edits layered.*in [23] d/)
  await page.getByRole('button', { name: 'Actions on alice' }).click()
  await page.getByRole('menuitem', { name: 'Delete alice' }).click()
  await page.getByRole('dialog', { name: 'Delete alice?' }).getByRole('button', { name: 'Delete alice' }).click()
  await expect(environmentRow(page, 'alice')).toHaveCount(0)
  expect((await shell.m3o(['call', 'layered', 'Hello', '--name', 'Ada', '--env', 'alice', '--json'])).stdout).toContain(
    'environment_gone',
  )

  await test.step('its address says what became of it, and brings it back', async () => {
    await page.goto('/demo/alice/services')
    await expect(page.getByRole('heading', { name: 'alice was deleted' })).toBeVisible()
    await page.getByRole('button', { name: 'Restore alice' }).click()
    await expect(catalogueRow(page, 'layered')).toContainText('alice')
    await expect
      .poll(() =>
        shell
          .m3o(['call', 'layered', 'Hello', '--name', 'Ada', '--env', 'alice', '--json'])
          .then(({ stdout }) => stdout),
      )
      .toContain('Alice says hello Ada')
  })

  await test.step('one service is reset to its parent’s, and the rest goes by the toast’s undo', async () => {
    await page.goto('/demo/alice/environments')
    await page.getByRole('button', { name: 'Actions on alice' }).click()
    await page.getByRole('menuitem', { name: 'Overrides, reset' }).click()
    await page.getByRole('button', { name: 'Reset layered to production' }).click()
    await expect(page.getByRole('dialog', { name: 'Overrides of alice' }).getByText('No overrides')).toBeVisible()
    await page.keyboard.press('Escape')
    expect(await shell.json(['call', 'layered', 'Hello', '--name', 'Ada', '--env', 'alice'])).toEqual({
      message: 'Hello Ada',
    })
    await page.getByRole('button', { name: 'Actions on alice' }).click()
    await page.getByRole('menuitem', { name: 'Delete alice' }).click()
    await page.getByRole('dialog', { name: 'Delete alice?' }).getByRole('button', { name: 'Delete alice' }).click()
    await expect(page).toHaveURL(/\/demo\/production\/environments/)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect(environmentRow(page, 'alice')).toBeVisible()
  })
  await shell.json(['env', 'delete', 'alice'])
})

test('the tree: create from any parent, move, delete only without children, restore, keep', async ({ page, shell }) => {
  await shell.json(['env', 'create', 'staging', '--kind', 'shared'])
  await shell.json(['env', 'create', 'topic'])
  await page.goto('/demo/production/environments')
  await page.getByRole('button', { name: 'Actions on topic' }).click()
  await page.getByRole('menuitem', { name: 'Move to another parent' }).click()
  const move = page.getByRole('dialog', { name: 'Move topic' })
  await move.getByLabel('From').selectOption('staging')
  await move.getByRole('button', { name: 'Move topic' }).click()
  await expect(page.getByText('topic is now based on staging')).toBeVisible()
  expect(
    (await shell.json<{ name: string; parent: string }[]>(['env', 'list'])).find(({ name }) => name === 'topic')
      ?.parent,
  ).toBe('staging')

  await page.getByRole('button', { name: 'Actions on staging' }).click()
  await expect(page.getByRole('menuitem', { name: 'Delete staging' })).toContainText('topic is based on it')
  await page.keyboard.press('Escape')
  const refused = await shell.m3o(['env', 'delete', 'staging'])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('staging is the parent of topic (conflict)')
  expect((await shell.m3o(['env', 'move', 'staging', '--from', 'topic'])).stderr).toContain(
    'staging is an ancestor of topic, so topic cannot be its parent',
  )

  await shell.json(['env', 'delete', 'topic'])
  const gone = page.getByRole('list', { name: 'Recently deleted' }).getByRole('listitem').filter({ hasText: 'topic' })
  await expect(gone).toContainText('deleted')
  await page.reload()
  await expect(gone).toContainText('deleted')
  await expectAccessible(page)
  await gone.getByRole('button', { name: 'Restore topic' }).click()
  await expect(environmentRow(page, 'topic')).toBeVisible()

  await page.getByRole('button', { name: 'Actions on topic' }).click()
  await page.getByRole('menuitem', { name: 'Keep for another 72 hours' }).click()
  await expect(page.getByText('Kept topic')).toBeVisible()
  expect(await shell.json(['env', 'keep', 'topic'])).toMatchObject({ name: 'topic', kind: 'personal' })
  for (const name of ['topic', 'staging']) await shell.json(['env', 'delete', name])
})

test('production’s colour is not that of one’s own environment', async ({ page, shell }) => {
  await shell.m3o(['env', 'create', 'mine', '--kind', 'personal'])
  const ground = async (environment: string) => {
    await page.goto(`/demo/${environment}/services`)
    return page
      .getByRole('button', { name: `Environment ${environment}` })
      .evaluate((button) => getComputedStyle(button).backgroundColor)
  }
  expect(await ground('production')).not.toBe(await ground('mine'))
})

test('pinned, an environment keeps what it inherits until it follows again', async ({ page, shell }) => {
  await shell.deploy('moving', hello())
  await shell.json(['env', 'create', 'still'])
  await page.goto('/demo/production/environments')
  const row = page.getByRole('table', { name: 'Environments' }).getByRole('row').filter({ hasText: 'still' })
  const act = async (name: string) => {
    await row.getByRole('button', { name: 'Actions on still' }).click()
    await page.getByRole('menuitem', { name }).click()
  }
  await act('Pin to the current production')
  await expect(row).toContainText('pinned')
  await expect(row).toContainText('none, all from production as it was')
  await shell.deploy('moving', hello('Later'))
  expect(await shell.json(['call', 'moving', 'Hello', '--name', 'Ada', '--env', 'still'])).toEqual({
    message: 'Hello Ada',
  })
  await openService(page, 'moving', { environment: 'still' })
  await expect(header(page)).toContainText('pinned')
  expect(await shell.json(['status', 'moving', '--env', 'still'])).toMatchObject([{ from: 'still', pinned: true }])
  await page.goto('/demo/production/environments')
  await act('Follow production again')
  await expect(row).not.toContainText('pinned')
  expect(await shell.json(['call', 'moving', 'Hello', '--name', 'Ada', '--env', 'still'])).toEqual({
    message: 'Later Ada',
  })
  await shell.json(['env', 'delete', 'still', '--yes'])
})
