import { expectDraftSaved, expectEditorShows, typeInEditor, editorOf } from './browser/editor.ts'
import { catalogueRow, expectConnected, openService } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { answering, hello } from './stack/programs.ts'
import { until } from './stack/until.ts'

/** What a browser says by itself of a server that is not there. */
const away =
  /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|WebSocket connection|\b50[234]\b/

test('web is killed under an open page: it says so once, heals, and what is new comes by itself', async ({
  page,
  stack,
  shell,
  watch,
}) => {
  watch.expectComplaint(away)
  await page.goto('/demo/production/services')
  await expectConnected(page)
  const before = await stack.kill('web')
  await expect(page.getByRole('status').filter({ hasText: /reconnecting/ })).toHaveCount(1)
  await until(
    'web is started again',
    async () => (await stack.pidOf('web')) !== before && (await stack.pidOf('web')) !== undefined,
  )
  await expectConnected(page)
  await shell.deploy('afterwards', answering('x'))
  await expect(catalogueRow(page, 'afterwards')).toContainText('live')
})

test('a screen that is chosen while web is away comes once it is back, and the console is never left', async ({
  page,
  stack,
  watch,
}) => {
  watch.expectComplaint(away)
  await page.goto('/demo/production/services')
  await expectConnected(page)
  await page.evaluate(() => {
    document.body.dataset.mark = 'the same page'
  })
  await stack.kill('web')
  await page
    .getByRole('navigation', { name: 'Screens' })
    .filter({ visible: true })
    .getByRole('link', { name: 'Environments' })
    .click()
  await expect(page.getByRole('heading', { name: 'Environments', level: 1 })).toBeVisible({ timeout: 20_000 })
  await expectConnected(page)
  expect(await page.evaluate(() => document.body.dataset.mark)).toBe('the same page')
})

test('web is killed while somebody types: nothing of the draft is lost', async ({ page, stack, shell, watch }) => {
  watch.expectComplaint(away)
  await shell.deploy('typed-on', hello())
  await openService(page, 'typed-on', { tab: 'Code' })
  await expectEditorShows(page, 'Hello ${name}')
  await typeInEditor(page, '// one\n')
  await stack.kill('web')
  await editorOf(page).locator('.view-lines').click()
  await page.keyboard.press('ControlOrMeta+End')
  await page.keyboard.insertText('// two, while web is away\n')
  await expectDraftSaved(page)
  await expectConnected(page)
  await page.reload()
  await expectEditorShows(page, '// two, while web is away')
  await expectEditorShows(page, '// one')
})

test('a network that is gone is said at once, and what is live is live again when it is back', async ({
  page,
  watch,
}) => {
  watch.expectComplaint(away)
  await page.goto('/demo/production/services')
  await expectConnected(page)
  await page.context().setOffline(true)
  await expect(page.getByRole('status').filter({ hasText: 'reconnecting' })).toBeVisible({ timeout: 5_000 })
  await page.context().setOffline(false)
  await expectConnected(page)
})

for (const name of ['runtime', 'gateway', 'postgres'] as const) {
  test(`${name} is killed: it is back within seconds, services never stopped`, async ({
    stack,
    shell,
    page,
    watch,
  }) => {
    watch.expectComplaint(away)
    await shell.deploy(`under-${name}`, answering('still here'))
    const { instances } = await shell.status(`under-${name}`)
    await page.goto('/demo/production/services')
    await expectConnected(page)
    const before = await stack.kill(name)
    await until(`${name} is started again`, async () => {
      const now = await stack.pidOf(name)
      return now !== undefined && now !== before
    })
    await expect.poll(async () => (await shell.m3o(['call', `under-${name}`, '/'])).stdout).toBe('still here\n')
    await expect
      .poll(() => shell.status(`under-${name}`).catch(() => undefined))
      .toMatchObject({ state: 'live', instances: instances.map(({ id, pid }) => ({ id, pid, state: 'live' })) })
    await expectConnected(page)
    await expect(catalogueRow(page, `under-${name}`)).toContainText('live')
  })
}

test('a page that is opened while the runtime is away comes as soon as it is back', async ({
  page,
  stack,
  shell,
  watch,
}) => {
  watch.expectComplaint(away)
  await shell.deploy('opened-late', answering('x'))
  await stack.kill('runtime')
  expect((await page.goto('/demo/production/services'))?.status()).toBe(200)
  await expect(catalogueRow(page, 'opened-late')).toContainText('live')
})
