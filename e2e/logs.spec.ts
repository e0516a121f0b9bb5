import type { Locator, Page } from '@playwright/test'
import { expectConnected, openService } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { counter, reporter } from './stack/programs.ts'

const log = (page: Page): Locator => page.getByRole('log')
const search = (page: Page): Locator =>
  page.getByRole('search').getByRole('textbox').or(page.getByRole('search').getByRole('searchbox')).first()

/** The numbers of the counter's lines that are drawn, from top to bottom. */
const numbers = async (page: Page) =>
  [...(await log(page).innerText()).matchAll(/\bline (\d+)\b/g)].map(([, n]) => Number(n))

test('what a service says is there at once, and can be searched', async ({ page, shell }) => {
  await shell.deploy('speaks', reporter)
  await openService(page, 'speaks', { tab: 'Logs' })
  await expectConnected(page)
  await shell.json(['call', 'speaks', '/first-thing'])
  await expect(log(page)).toContainText('asked for /first-thing')
  await shell.json(['call', 'speaks', '/second-thing'])
  await expect(log(page)).toContainText('asked for /second-thing')
  await search(page).fill('second-thing')
  await page.keyboard.press('Enter')
  await expect(log(page)).not.toContainText('first-thing')
  await expect(log(page)).toContainText('asked for /second-thing')
  await test.step('the search is in the address', async () => {
    await page.goto(page.url())
    await expect(log(page)).toContainText('asked for /second-thing')
    await expect(log(page)).not.toContainText('first-thing')
  })
})

test('paused, it counts what comes and moves nothing', async ({ page, shell }) => {
  await shell.deploy('ticks', counter(50))
  await openService(page, 'ticks', { tab: 'Logs' })
  await expect(log(page)).toContainText(/line \d+/)
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  const before = await log(page).innerText()
  await expect(page.getByRole('button', { name: /\d+ new lines/ })).toBeVisible()
  expect(await log(page).innerText()).toBe(before)
  await page.getByRole('button', { name: /\d+ new lines/ }).click()
  await expect(log(page)).not.toHaveText(before)
})

test('the runtime is killed while lines come: none is missing, none comes twice', async ({
  page,
  shell,
  stack,
  watch,
}) => {
  watch.expectComplaint(/\b50[234]\b/)
  await shell.deploy('numbers', counter(100))
  await openService(page, 'numbers', { tab: 'Logs' })
  await expect.poll(async () => (await numbers(page)).length).toBeGreaterThan(3)
  const last = (await numbers(page)).at(-1) ?? 0
  await stack.kill('runtime')
  await expect.poll(async () => (await numbers(page)).at(-1) ?? 0, { timeout: 40_000 }).toBeGreaterThan(last + 60)
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  const seen = new Set<number>()
  // Read back over what came while the runtime was away.
  await log(page).focus()
  await expect
    .poll(async () => {
      const drawn = await numbers(page)
      expect(drawn).toEqual(drawn.map((_, index) => (drawn[0] ?? 0) + index))
      drawn.forEach((n) => seen.add(n))
      await page.mouse.wheel(0, -200)
      await page.keyboard.press('PageUp')
      return Math.min(...seen)
    })
    .toBeLessThanOrEqual(last)
  expect([...seen].sort((one, other) => one - other)).toEqual(
    Array.from({ length: seen.size }, (_, index) => Math.min(...seen) + index),
  )
})

test('several services are merged, each line with its service', async ({ page, shell }) => {
  await shell.deploy('left', reporter)
  await shell.deploy('right', reporter)
  await page.goto('/demo/production/logs?services=left,right')
  await expectConnected(page)
  await shell.m3o(['call', 'left', '/from-left'])
  await shell.m3o(['call', 'right', '/from-right'])
  await expect(log(page)).toContainText('asked for /from-left')
  await expect(log(page)).toContainText('asked for /from-right')
})

test('the trace of a call leads to the lines of all its services', async ({ page, shell }) => {
  const says = (words: string) => `console.log(JSON.stringify({ msg: '${words}', trace: context().trace }))`
  await shell.deploy('priced', {
    'index.ts': `import { service, endpoint, context } from '@m3o/sdk'
import { z } from 'zod'
export default service({ Price: endpoint({ request: z.object({}), response: z.object({ cents: z.number() }), run: async () => { ${says('the callee has priced it')}; return { cents: 5 } } }) })
`,
  })
  await shell.deploy('ordered', {
    'index.ts': `import { service, endpoint, call, context } from '@m3o/sdk'
import { z } from 'zod'
export default service({ Order: endpoint({ request: z.object({}), response: z.object({ cents: z.number() }), run: async () => { ${says('the caller has begun')}; return await call('priced', 'Price', {}) as { cents: number } } }) })
`,
  })
  await page.goto('/demo/production/services/ordered/api?endpoint=Order')
  await page.getByRole('button', { name: 'Send to production' }).click()
  await page.getByRole('link', { name: 'its log lines' }).click()
  await expect(log(page)).toContainText('the callee has priced it')
  await expect(log(page)).toContainText('the caller has begun')
})
