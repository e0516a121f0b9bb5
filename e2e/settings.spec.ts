import { expectAccessible } from './browser/accessible.ts'
import { invited, signIn } from './browser/people.ts'
import { catalogueRow, expectServiceLive, openService, openTab, serviceUrl } from './browser/screens.ts'
import { deployButton, expectEditorShows } from './browser/editor.ts'
import { expect, test } from './browser/test.ts'
import { Shell } from './stack/command.ts'
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
  await expect(page.getByText(/take effect with the next deployment or restart/)).toBeVisible()
  await page.getByRole('button', { name: /^Restart/ }).click()
  await expect.poll(() => shell.json(['call', 'worded', '/'])).toMatchObject({ word: 'set in the console' })
  await expect(page.getByText(/take effect with the next deployment or restart/)).toHaveCount(0)
})

test('a whole .env file is pasted, looked over and set, with what looks like a secret kept as one', async ({
  page,
  shell,
}) => {
  await shell.deploy('pasted', reporter)
  await openService(page, 'pasted', { tab: 'Settings' })
  await page.getByRole('button', { name: 'Paste .env' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Paste a .env file' })
  const text = dialog.getByLabel('Variables', { exact: true })
  await text.fill('# of the old machine\nexport WORD="two\\nlines"\nDB_PASSWORD=hunter2-5512\nPORT=80\nnonsense')
  const preview = dialog.getByRole('list', { name: 'Variables to set' })
  await expect(preview.getByText('PORT is set by the platform')).toBeVisible()
  await expect(dialog.getByText('Line 5 is invalid and skipped')).toBeVisible()
  await expect(dialog.getByLabel('secret DB_PASSWORD')).toBeChecked()
  await expect(preview).not.toContainText('hunter2')
  await expect(dialog.getByRole('button', { name: 'Set 2 in production' })).toBeVisible()
  await text.fill('export WORD="two\\nlines"\nDB_PASSWORD=hunter2-5512\nODD=<img src=x onerror=alert(1)>')
  await dialog.getByRole('button', { name: 'Set 3 in production' }).click()
  await expect(dialog).toHaveCount(0)
  const variables = page.getByRole('list', { name: 'Variables' })
  await expect(variables).toContainText('<img src=x onerror=alert(1)>')
  await expect(variables.getByRole('listitem').filter({ hasText: 'DB_PASSWORD' })).toContainText('secret')
  expect(await shell.json<{ name: string }[]>(['secret', 'list', 'pasted'])).toMatchObject([{ name: 'DB_PASSWORD' }])
  await shell.json(['restart', 'pasted'])
  expect(await shell.json(['call', 'pasted', '/'])).toMatchObject({ word: 'two\nlines' })
})

test('each variable says where it comes from; it is overridden, reset and excluded', async ({ page, shell }) => {
  await shell.deploy('origins', reporter)
  await shell.json(['var', 'set', 'origins', 'WORD'], { input: 'of production' })
  await shell.json(['env', 'create', 'bea'])
  await openService(page, 'origins', { environment: 'bea', tab: 'Settings' })
  const row = page.getByRole('list', { name: 'Variables' }).getByRole('listitem').filter({ hasText: 'WORD' })
  const act = async (name: string) => {
    await row.getByRole('button', { name: 'Actions on WORD' }).click()
    await page.getByRole('menuitem', { name }).click()
  }
  await expect(row).toContainText('of production')
  await expect(row).toContainText('inherited from')
  await act('Override in bea')
  const dialog = page.getByRole('dialog', { name: 'Set WORD' })
  await expect(dialog).toContainText('It is inherited from production')
  await dialog.getByLabel('Value').fill('of bea')
  await dialog.getByRole('button', { name: 'Set in bea' }).click()
  await expect(row).toContainText('of bea')
  await expect(row).toContainText('set here, overrides')
  expect(await shell.json(['var', 'list', 'origins', '--env', 'bea'])).toMatchObject([
    { name: 'WORD', value: 'of bea', from: 'bea', overrides: 'production' },
  ])
  await act('Reset to production’s value')
  await expect(row).toContainText('inherited from')
  await act('Exclude it from bea')
  await page.getByRole('dialog').getByRole('button', { name: 'Exclude it' }).click()
  await expect(row).toContainText('excluded here')
  expect(await shell.json(['var', 'list', 'origins', '--env', 'bea'])).toEqual([])
  await act('Reset to production’s value')
  await expect(row).toContainText('of production')
  await shell.json(['env', 'delete', 'bea', '--yes'])
})

test('a protected environment says who may; its secrets stay in it', async ({ page, shell, stack, openWindow }) => {
  await shell.deploy('kept', reporter)
  await shell.json(['env', 'create', 'guarded', '--kind', 'shared'])
  await shell.json(['secret', 'set', 'kept', 'WORD', '--env', 'guarded'], { input: 'only-here-5512' })
  const colleague = await invited(stack, shell, {
    email: 'dora@example.com',
    password: 'a developer of things',
    role: 'developer',
  })

  await page.goto('/demo/production/environments')
  await page.getByRole('button', { name: 'Actions on guarded' }).click()
  await page.getByRole('menuitem', { name: 'Protect guarded' }).click()
  const dialog = page.getByRole('dialog', { name: 'Protect guarded' })
  await dialog.getByLabel('Variables and secrets: least role').selectOption('Owners only')
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Protect guarded' }).click()
  await expect(
    page.getByRole('table', { name: 'Environments' }).getByRole('row').filter({ hasText: 'guarded' }),
  ).toContainText('protected')

  const theirs = await openWindow()
  await signIn(theirs, colleague)
  await openService(theirs, 'kept', { environment: 'guarded', tab: 'Settings' })
  await expect(theirs.getByRole('main')).toContainText(
    'its variables and secrets need the role owner; you are developer',
  )
  await openTab(theirs, 'Overview')
  const deploy = theirs.getByRole('button', { name: /^Deploy/ })
  await expect(deploy).toHaveAttribute('aria-disabled', 'true')
  await deploy.hover()
  await expect(theirs.getByRole('tooltip')).toContainText(
    'guarded is protected: deploying there needs the role admin or higher',
  )

  await using dora = await Shell.open(stack)
  await dora.json(['login', '--email', colleague.email, '--password-stdin'], { input: `${colleague.password}\n` })
  const folder = await dora.write('kept', reporter)
  const refused = await dora.m3o(['deploy', folder, '--service', 'kept', '--env', 'guarded', '--json'])
  expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([
    1,
    { error: { code: 'forbidden', data: { needs: 'admin', who: ['ada@example.com'] } } },
  ])
  await dora.json(['env', 'create', 'dora', '--from', 'guarded'])
  const lacking = await dora.m3o(['deploy', folder, '--service', 'kept', '--env', 'dora', '--json'])
  expect([lacking.code, JSON.parse(lacking.stdout)]).toMatchObject([
    1,
    { outcome: 'failed', error: { code: 'not_in_this_state', message: expect.stringContaining('WORD') as unknown } },
  ])

  await openService(theirs, 'kept', { environment: 'dora', tab: 'Settings' })
  await theirs.getByRole('button', { name: 'Set WORD' }).click()
  await theirs.getByRole('dialog').getByLabel('Value').fill('of dora')
  await theirs.getByRole('dialog').getByRole('button', { name: 'Set in dora' }).click()
  await expect(
    theirs.getByRole('list', { name: 'Variables' }).getByRole('listitem').filter({ hasText: 'WORD' }),
  ).toContainText('set here, overrides')
  expect(await dora.json(['deploy', folder, '--service', 'kept', '--env', 'dora'])).toMatchObject({ outcome: 'live' })
  for (const name of ['dora', 'guarded']) await shell.json(['env', 'delete', name, '--yes'])
})

test('what m3o.json says is shown as locked, with where to change it', async ({ page, shell }) => {
  await shell.deploy('locked', {
    ...reporter,
    'm3o.json': JSON.stringify({ ...(JSON.parse(reporter['m3o.json'] ?? '{}') as object), memory: '128MB' }),
  })
  await openService(page, 'locked', { tab: 'Settings' })
  await expect(page.getByRole('main').locator('dl > div').filter({ hasText: 'Memory' })).toContainText(
    'set by m3o.json',
  )
  await page.getByRole('button', { name: 'Change instances and limits' }).click()
  await expect(page.getByLabel(/^Memory/)).toHaveAttribute('readonly', '')
})

test('a secret is never shown again', async ({ page, shell }) => {
  await shell.deploy('hidden', reporter)
  await shell.json(['secret', 'set', 'hidden', 'WORD'], { input: 'hush-hush-5512' })
  const heard: string[] = []
  page.on(
    'response',
    (response) =>
      void response.text().then(
        (text) => heard.push(text),
        () => {},
      ),
  )
  await openService(page, 'hidden', { tab: 'Settings' })
  await expect(page.getByRole('main')).toContainText('WORD')
  expect(heard.filter((text) => text.includes('hush-hush-5512'))).toEqual([])
})

test('a colleague opens a link to a screen, sees it, and what they may not do says why', async ({
  page,
  shell,
  stack,
  openWindow,
}) => {
  await shell.deploy('linked', hello())
  const colleague = await invited(stack, shell, {
    email: 'vera@example.com',
    password: 'a viewer of things',
    role: 'viewer',
  })
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
  expect(
    (await shell.json<{ action: string }[]>(['audit'])).filter(({ action }) => action.includes('deploy')).length,
  ).toBeGreaterThan(0)
  await theirs.goto(serviceUrl('linked', { tab: 'API' }))
  await theirs.getByLabel('name', { exact: true }).fill('Vera')
  await theirs.getByRole('button', { name: 'Send to production' }).click()
  await expect(theirs.getByText('Hello Vera')).toBeVisible()
})

test('a password sent before the page’s script has come is not in the address', async ({ openWindow, watch }) => {
  watch.expectComplaint(/form-action 'self'.*blocked/)
  const page = await openWindow({ javaScriptEnabled: false })
  await page.goto('/sign-in')
  await page.getByLabel('Email').fill('ada@example.com')
  await page.getByLabel('Password').fill('not for the address')
  await page.getByRole('button', { name: 'Sign in' }).click()
  // What is sent waits for the script, which never comes here.
  await expect(page).toHaveURL(/\/sign-in$/)
})

test('signing out ends the session in every open window', async ({ stack, openWindow, shell }) => {
  const person = await invited(stack, shell, {
    email: 'otto@example.com',
    password: 'signs out a lot',
    role: 'developer',
  })
  const one = await openWindow()
  await signIn(one, person)
  const other = await one.context().newPage()
  await other.goto('/demo/production/environments')
  await expect(other.getByRole('heading', { name: 'Environments' })).toBeVisible()
  await one.getByRole('button', { name: /account, theme, sign out/ }).click()
  await one.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(one).toHaveURL(/\/sign-in/)
  await expect(
    other.getByRole('link', { name: /Signed out/ }).or(other.getByRole('button', { name: 'Sign in' })),
  ).toBeVisible()
})

test('a service is deleted by typing its name, and is gone for everybody at once', async ({
  page,
  shell,
  openWindow,
  session,
}) => {
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
