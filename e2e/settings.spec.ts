import { invited, signIn } from './browser/people.ts'
import { catalogueRow, expectServiceLive, openService, openTab, serviceUrl } from './browser/screens.ts'
import { deployButton, expectEditorShows } from './browser/editor.ts'
import { expect, test } from './browser/test.ts'
import { hello, reporter } from './stack/programs.ts'

test('a variable set in the console is in force after a restart', async ({ page, shell }) => {
  await shell.deploy('worded', reporter)
  await openService(page, 'worded', { tab: 'Settings' })
  await page.getByRole('button', { name: 'Add variable' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('WORD')
  await dialog.getByLabel('Value').fill('set in the console')
  await dialog.getByRole('button', { name: /^(Set|Add|Save)/ }).click()
  await expect(page.getByRole('main')).toContainText('WORD')
  expect(await shell.json(['call', 'worded', '/'])).toMatchObject({ word: null })
  await openTab(page, 'Overview')
  await page.getByRole('button', { name: /^Restart/ }).click()
  await expect.poll(() => shell.json(['call', 'worded', '/'])).toMatchObject({ word: 'set in the console' })
})

test('a secret is never shown again', async ({ page, shell }) => {
  await shell.deploy('hidden', reporter)
  await shell.json(['secret', 'set', 'hidden', 'WORD'], { input: 'hush-hush-5512' })
  const heard: string[] = []
  page.on('response', (response) => void response.text().then((text) => heard.push(text), () => {}))
  await openService(page, 'hidden', { tab: 'Settings' })
  await expect(page.getByRole('main')).toContainText('WORD')
  expect(heard.filter((text) => text.includes('hush-hush-5512'))).toEqual([])
})

test('a colleague opens a link to a screen, sees it, and what they may not do says why', async ({ page, shell, stack, openWindow }) => {
  await shell.deploy('linked', hello())
  const colleague = await invited(stack, shell, { email: 'vera@example.com', password: 'a viewer of things', role: 'viewer' })
  await openService(page, 'linked', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  const link = page.url()

  const theirs = await openWindow()
  await theirs.goto(link)
  await theirs.getByLabel('Email').fill(colleague.email)
  await theirs.getByLabel('Password').fill(colleague.password)
  await theirs.getByRole('button', { name: 'Sign in' }).click()
  await expect(theirs).toHaveURL(link)
  await expectEditorShows(theirs, 'Hello ${name}')
  await expectServiceLive(theirs, 'linked')
  const deploy = deployButton(theirs)
  await expect(deploy).toHaveAttribute('aria-disabled', 'true')
  await deploy.focus()
  await expect(theirs.getByRole('tooltip')).toContainText(/developer/)
  await theirs.keyboard.press('Control+Shift+Enter')
  expect((await shell.json<{ action: string }[]>(['audit'])).filter(({ action }) => action.includes('deploy')).length).toBeGreaterThan(0)
  await theirs.goto(serviceUrl('linked', { tab: 'API' }))
  await theirs.getByLabel('name', { exact: true }).fill('Vera')
  await theirs.getByRole('button', { name: 'Send to production' }).click()
  await expect(theirs.getByText('Hello Vera')).toBeVisible()
})

test('signing out ends the session in every open window', async ({ stack, openWindow, shell }) => {
  const person = await invited(stack, shell, { email: 'otto@example.com', password: 'signs out a lot', role: 'developer' })
  const one = await openWindow()
  await signIn(one, person)
  const other = await one.context().newPage()
  await other.goto('/demo/production/environments')
  await expect(other.getByRole('heading', { name: 'Environments' })).toBeVisible()
  await one.getByRole('button', { name: /account, theme, sign out/ }).click()
  await one.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(one).toHaveURL(/\/sign-in/)
  await expect(other.getByRole('link', { name: /Signed out/ }).or(other.getByRole('button', { name: 'Sign in' }))).toBeVisible()
})

test('a service is deleted by typing its name, and is gone for everybody at once', async ({ page, shell, openWindow, session }) => {
  await shell.deploy('doomed', reporter)
  const elsewhere = await openWindow({ storageState: session })
  await elsewhere.goto('/demo/production/services')
  await expect(catalogueRow(elsewhere, 'doomed')).toBeVisible()
  await openService(page, 'doomed', { tab: 'Settings' })
  await page.getByRole('button', { name: 'Delete doomed' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete doomed?' })
  const confirm = dialog.getByRole('button', { name: 'Delete doomed' })
  await expect(confirm).toHaveAttribute('aria-disabled', 'true')
  await dialog.getByRole('textbox').fill('doomed')
  await confirm.click()
  await expect(page).toHaveURL(/\/demo\/production\/services$/)
  await expect(catalogueRow(page, 'doomed')).toHaveCount(0)
  await expect(catalogueRow(elsewhere, 'doomed')).toHaveCount(0)
})
