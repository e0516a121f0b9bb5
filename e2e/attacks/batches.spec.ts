import { expect, test } from '../browser/test.ts'
import { postJson, rawRequest } from './raw-request.ts'

const batchOf = (count: number) => `/api/trpc/${Array.from({ length: count }, () => 'platform.welcome').join()}?batch=1`

test('a request carries at most twenty procedures, whoever sends it and however', async ({ stack }) => {
  const pid = await stack.pidOf('web')
  expect((await rawRequest(stack.url, `${batchOf(20)}&input=%7B%7D`)).status).toBe(200)
  for (const count of [21, 900]) {
    expect((await rawRequest(stack.url, `${batchOf(count)}&input=%7B%7D`)).status).toBe(400)
    expect(
      (await postJson(stack.url, batchOf(count).replaceAll('platform.welcome', 'signIn.readCode'), '{}')).status,
    ).toBe(400)
  }
  // The comma spelled otherwise is still one.
  expect((await rawRequest(stack.url, `${batchOf(21).replaceAll(',', '%2C')}&input=%7B%7D`)).status).toBe(400)
  expect(
    (await postJson(stack.url, batchOf(3_000).replaceAll('platform.welcome', 'signIn.waiting'), '{}')).status,
  ).toBeGreaterThanOrEqual(400)
  expect(await stack.pidOf('web')).toBe(pid)
})

test('a page that asks for more than twenty things at once gets all of them', async ({ page, watch }) => {
  const asked: number[] = []
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    if (pathname.startsWith('/api/trpc/')) asked.push(pathname.split(',').length)
  })
  await page.goto('/demo/production/settings')
  await expect(page.getByRole('heading', { name: 'Settings' }).first()).toBeVisible()
  watch.assertQuiet()
  expect(Math.max(0, ...asked)).toBeLessThanOrEqual(20)
})
