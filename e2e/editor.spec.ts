import {
  deployButton,
  editorOf,
  expectDeployed,
  expectDraftSaved,
  expectEditorShows,
  typeInEditor,
} from './browser/editor.ts'
import { openService, openTab } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { hello } from './stack/programs.ts'

const source = (greeting: string) => hello(greeting)['index.ts'] ?? ''

test('a file that would replace another is asked about, and every change of the draft can be undone', async ({
  page,
  shell,
}) => {
  await shell.deploy('undoes', { ...hello(), 'data.txt': 'first' })
  await openService(page, 'undoes', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  const files = page.getByRole('complementary', { name: 'Files' })
  const textOf = async (path: string) =>
    (await page.request.get(`/api/raw?team=demo&environment=production&service=undoes&path=${path}`)).text()
  const drop = (...named: [string, string][]) =>
    files
      .locator('input[type=file]')
      .setInputFiles(named.map(([name, text]) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })))
  const dialog = page.getByRole('dialog')

  await drop(['data.txt', 'second'])
  await expect(dialog).toContainText('data.txt')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  expect(await textOf('data.txt')).toBe('first')

  await drop(['data.txt', 'second'])
  await dialog.getByRole('button', { name: 'Keep both' }).click()
  await expect(files.getByRole('treeitem', { name: /data-2\.txt/ })).toBeVisible()
  expect(await textOf('data.txt')).toBe('first')

  await drop(['data.txt', 'third'], ['data-2.txt', 'third'], ['new.txt', 'new'])
  await expect(dialog).toContainText('The other 1 file is new')
  await dialog.getByRole('button', { name: 'Replace all' }).click()
  await expect(files.getByRole('treeitem', { name: /new\.txt/ })).toBeVisible()
  expect(await textOf('data.txt')).toBe('third')
  await page.getByRole('listitem').filter({ hasText: 'Uploaded 3 files' }).getByRole('button', { name: 'Undo' }).click()
  await expect(files.getByRole('treeitem', { name: /new\.txt/ })).toHaveCount(0)
  expect([await textOf('data.txt'), await textOf('data-2.txt')]).toEqual(['first', 'second'])

  await files.getByRole('treeitem', { name: /^data\.txt/ }).focus()
  await page.keyboard.press('Delete')
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await expect(files.getByRole('treeitem', { name: /^data\.txt/ })).toHaveCount(0)
  await page.getByRole('button', { name: 'History', exact: true }).click()
  await page.getByText('Your draft', { exact: true }).click()
  const history = page.getByRole('list', { name: 'Changes to your draft' })
  await history
    .getByRole('listitem')
    .filter({ hasText: 'Deleted data.txt' })
    .getByRole('button', { name: 'Undo' })
    .click()
  await expect(history.getByText('Restored data.txt')).toBeVisible()
  expect(await textOf('data.txt')).toBe('first')
})

test('a build error keeps its frame, leads to its line, and the editor is as it was when one comes back', async ({
  page,
  shell,
}) => {
  await shell.deploy('frames', hello())
  await openService(page, 'frames', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  const tree = page.getByRole('complementary', { name: 'Files' })
  const width = (await tree.boundingBox())?.width
  await typeInEditor(page, `${source('Good morning')}\n\nexport const broken = (: number) => ${'1 + '.repeat(60)}1\n`)
  await deployButton(page).click()
  await expect
    .poll(async () => {
      const anyway = page.getByRole('button', { name: /^Deploy to production anyway/ })
      if (await anyway.isVisible()) await anyway.click()
      return page.getByRole('tabpanel', { name: 'Deployment' }).getByRole('status').count()
    })
    .toBe(1)
  await expectDeployed(page, 'failed')
  const why = page.getByRole('tabpanel', { name: 'Deployment' }).getByRole('alert')
  await expect(why.locator('pre')).toContainText(/> 1\d \| +export const broken/)
  expect((await tree.boundingBox())?.width).toBe(width)
  const place = why.getByRole('button', { name: /^index\.ts:\d+:\d+$/ })
  await place.click()
  await expect(page.getByText(/^Ln 1\d, Col \d+$/)).toBeVisible()
  const cursor = await page.getByText(/^Ln \d+, Col \d+$/).innerText()

  await page.getByRole('tabpanel', { name: 'Deployment' }).getByRole('link', { name: 'Details' }).click()
  await expect(
    page
      .getByRole('region', { name: 'Reason of the failure' })
      .or(page.getByRole('alert'))
      .getByRole('link', { name: /^index\.ts:\d+:\d+$/ })
      .first(),
  ).toBeVisible()
  await page.goBack()
  await expect(page.getByRole('tabpanel', { name: 'Deployment' }).getByRole('status')).toContainText('failed')
  await expect(page.getByText(/^Ln \d+, Col \d+$/)).toHaveText(cursor)
  await page.keyboard.type('// here')
  await expectEditorShows(page, '// here')
  await expectDraftSaved(page)
})

test('errors of the editor are told before a deployment, and a failure is told on whatever screen one is', async ({
  page,
  shell,
}) => {
  await shell.deploy('warns', hello())
  await openService(page, 'warns', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  await typeInEditor(
    page,
    `${source('Warned')}\nconst wrong: number = 'text'\nawait new Promise((resolve) => setTimeout(resolve, 5000))\nthrow new Error(String(wrong))\n`,
  )
  await expect(page.getByRole('button', { name: /^[1-9]\d* errors/ })).toBeVisible({ timeout: 30_000 })
  await editorOf(page).locator('.view-lines').click()
  await page.keyboard.press('Control+Shift+Enter')
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('index.ts')
  await dialog.getByRole('button', { name: 'Show errors' }).press('Enter')
  await expect(page.getByRole('tabpanel', { name: 'Problems' })).toContainText('not assignable')
  await page.keyboard.press('Control+Shift+Enter')
  await expect(dialog).toBeVisible()
  await page.keyboard.press('Control+Shift+Enter')
  await expect(dialog).toHaveCount(0)
  await expect(page.getByRole('tabpanel', { name: 'Deployment' }).getByRole('status')).toContainText(
    /queued|building|starting|checking|failed/,
  )
  await openTab(page, 'Overview')
  const news = page.getByRole('listitem').filter({ hasText: 'warns was not deployed to production' })
  await expect(news).toHaveCount(1)
  await news.getByRole('link', { name: 'Details' }).click()
  await expect(page).toHaveURL(/\/deployments\/\w+/)
})

test('after a rollback the editor says so, counts nothing as changed, and can start from what is live', async ({
  page,
  shell,
}) => {
  await shell.deploy('backs', hello('First'))
  await shell.deploy('backs', hello('Second'))
  await shell.json(['rollback', 'backs'])
  await openService(page, 'backs', { tab: 'Code' })
  await expectEditorShows(page, 'Second ${name}')
  await expect(
    page.getByText(/production was rolled back to [0-9a-f]{7}; your draft is based on [0-9a-f]{7}/),
  ).toBeVisible()
  await page.getByRole('button', { name: 'Changes', exact: true }).click()
  await expect(page.getByRole('complementary', { name: 'Changes' })).toContainText('No changes.')
  await page.getByRole('button', { name: 'Start from the live revision' }).click()
  await expectEditorShows(page, 'First ${name}')
  await expect(page.getByText(/was rolled back to/)).toHaveCount(0)
})
