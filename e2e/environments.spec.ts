import { deployButton, expectDeployed, expectEditorShows, typeInEditor } from './browser/editor.ts'
import { catalogueRow, chooseEnvironment, expectServiceLive, header, openService, openTab } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { hello } from './stack/programs.ts'

test('an environment of one’s own: made, switched to in place, deployed into alone, deleted', async ({ page, shell }) => {
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
  expect(await shell.json(['call', 'layered', 'Hello', '--name', 'Ada', '--env', 'alice'])).toEqual({ message: 'Alice says hello Ada' })
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
  await page.getByRole('button', { name: 'Actions on alice' }).click()
  await page.getByRole('menuitem', { name: 'Delete alice' }).click()
  const confirm = page.getByRole('dialog', { name: 'Delete alice?' })
  await expect(confirm.getByRole('button', { name: 'Delete alice' })).toHaveAttribute('aria-disabled', 'true')
  await confirm.getByRole('textbox').fill('alice')
  await confirm.getByRole('button', { name: 'Delete alice' }).click()
  await expect(page.getByRole('table', { name: 'Environments' }).getByRole('link', { name: 'alice' })).toHaveCount(0)
})

test('production’s colour is not that of one’s own environment', async ({ page, shell }) => {
  await shell.m3o(['env', 'create', 'mine', '--kind', 'personal'])
  const ground = async (environment: string) => {
    await page.goto(`/demo/${environment}/services`)
    return page.getByRole('button', { name: `Environment ${environment}` }).evaluate((button) => getComputedStyle(button).backgroundColor)
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
  await act('Pin to production of now')
  await expect(row).toContainText('pinned')
  await expect(row).toContainText('none, all from production as it was')
  await shell.deploy('moving', hello('Later'))
  expect(await shell.json(['call', 'moving', 'Hello', '--name', 'Ada', '--env', 'still'])).toEqual({ message: 'Hello Ada' })
  await openService(page, 'moving', { environment: 'still' })
  await expect(header(page)).toContainText('pinned')
  expect(await shell.json(['status', 'moving', '--env', 'still'])).toMatchObject([{ from: 'still', pinned: true }])
  await page.goto('/demo/production/environments')
  await act('Follow production again')
  await expect(row).not.toContainText('pinned')
  expect(await shell.json(['call', 'moving', 'Hello', '--name', 'Ada', '--env', 'still'])).toEqual({ message: 'Later Ada' })
  await shell.json(['env', 'delete', 'still', '--yes'])
})
