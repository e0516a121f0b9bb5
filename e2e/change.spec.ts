import { deployButton, expectDeployed, expectDraftSaved, expectEditorShows, typeInEditor } from './browser/editor.ts'
import { expectServiceLive, header, openService, openTab, serviceUrl } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { crashesAtBoot, hello } from './stack/programs.ts'

const source = (greeting: string) => hello(greeting)['index.ts'] ?? ''

test('a service is edited, deployed with the button and by keyboard, and called', async ({ page, shell }) => {
  await shell.deploy('greets', hello())
  await openService(page, 'greets', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')

  await typeInEditor(page, source('Good morning'))
  await deployButton(page).click()
  await expectDeployed(page)
  expect(await shell.json(['call', 'greets', 'Hello', '--name', 'Ada'])).toEqual({ message: 'Good morning Ada' })

  await typeInEditor(page, source('Good evening'))
  await page.keyboard.press('Control+Shift+Enter')
  await expect(page.getByRole('tabpanel', { name: 'Deployment' }).getByRole('status')).toContainText(
    /queued|building|starting|checking|switching|live/,
  )
  await expect
    .poll(() => shell.json(['call', 'greets', 'Hello', '--name', 'Ada']))
    .toEqual({ message: 'Good evening Ada' })
  await expectDeployed(page)
  for (const phase of ['building', 'starting', 'checking', 'switching']) {
    await expect(
      page.getByRole('tabpanel', { name: 'Deployment' }).getByRole('listitem').filter({ hasText: phase }),
    ).toContainText(/\d/)
  }

  await test.step('the panel leads on to calling it', async () => {
    await page.getByRole('tabpanel', { name: 'Deployment' }).getByRole('link', { name: 'Call it' }).click()
    await page.getByLabel('name', { exact: true }).fill('Grace')
    await page.keyboard.press('Control+Enter')
    await expect(page.getByText('200 OK')).toBeVisible()
    await expect(page.getByText('Good evening Grace')).toBeVisible()
  })
})

test('a draft is kept while one is away, and nobody else has it', async ({ page, shell, openWindow, session }) => {
  await shell.deploy('kept', hello())
  await openService(page, 'kept', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  await typeInEditor(page, source('A draft says'))
  await page.reload()
  await expectEditorShows(page, 'A draft says ${name}')
  const elsewhere = await openWindow({ storageState: session })
  await openService(elsewhere, 'kept', { tab: 'Code' })
  await expectEditorShows(elsewhere, 'A draft says ${name}')
  expect(await shell.json(['call', 'kept', 'Hello', '--name', 'Ada'])).toEqual({ message: 'Hello Ada' })
})

test('a service that breaks at boot says why, the old one serves on, and going back is one press', async ({
  page,
  shell,
}) => {
  await shell.deploy('breaks', hello('First'))
  await shell.deploy('breaks', hello('Second'))
  await openService(page, 'breaks', { tab: 'Code' })
  await expectEditorShows(page, 'Second ${name}')
  await typeInEditor(page, `${source('Third')}\n${crashesAtBoot['index.js'] ?? ''}`)
  await deployButton(page).click()
  await expectDeployed(page, 'failed')
  const why = page.getByRole('tabpanel', { name: 'Deployment' }).getByRole('alert')
  await expect(why).toContainText('exit code 1')
  await expect(why).toContainText('no such bucket: invoices')
  await expectServiceLive(page, 'breaks')
  expect(await shell.json(['call', 'breaks', 'Hello', '--name', 'Ada'])).toEqual({ message: 'Second Ada' })

  await openTab(page, 'Deployments')
  const main = page.getByRole('main')
  await expect(main.getByText('failed').filter({ visible: true }).first()).toBeVisible()
  await main
    .getByRole('list', { name: 'Deployments' })
    .getByRole('listitem')
    .filter({ hasText: 'was live' })
    .first()
    .getByRole('link')
    .click()
  await page.getByRole('button', { name: 'Roll back to this' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back in production' }).click()
  await expect.poll(() => shell.json(['call', 'breaks', 'Hello', '--name', 'Ada'])).toEqual({ message: 'First Ada' })
  await expectServiceLive(page, 'breaks')
})

test('two people changing one file are told, and neither loses a word', async ({ page, shell, watch }) => {
  await shell.deploy('shared', hello())
  watch.expectComplaint(/\b409\b/) // the browser itself reports what was refused
  await openService(page, 'shared', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  await typeInEditor(page, source('Mine'))
  // Somebody deploys from a shell meanwhile: the branch moves under the draft.
  await shell.deploy('shared', hello('Theirs'), '--force')
  await expect(page.getByText(/production moved on: 1 commit since you started/)).toBeVisible()
  await deployButton(page).click()
  const panel = page.getByRole('tabpanel', { name: 'Deployment' })
  await expect(page.getByRole('main')).toContainText(/changed|moved|conflict/i)
  await expect(panel.getByText(/live/)).toHaveCount(0)
  expect(await shell.json(['call', 'shared', 'Hello', '--name', 'Ada'])).toEqual({ message: 'Theirs Ada' })
  await expectEditorShows(page, 'Mine ${name}')
  await expectDraftSaved(page)
})

test('files are made, renamed and deleted in the tree', async ({ page, shell }) => {
  await shell.deploy('tree', hello())
  await openService(page, 'tree', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  const files = page.getByRole('complementary', { name: 'Files' })
  await files.getByRole('button', { name: 'New file' }).click()
  await page.keyboard.type('notes.md')
  await page.keyboard.press('Enter')
  await expect(files.getByText('notes.md')).toBeVisible()
  await typeInEditor(page, '# Notes')
  await page.goto(`${serviceUrl('tree', { tab: 'Code' })}?path=notes.md`)
  await expectEditorShows(page, '# Notes')
  await expect(header(page)).toContainText('tree')
})
