import { expect, test } from '../browser/test.ts'

test('a very long part of an address is not found, never a failure of the console', async ({ stack }) => {
  const long = 'x'.repeat(4_000)
  for (const path of [`/invite/${long}`, `/${long}`, `/${long}/production/services`]) {
    expect((await fetch(new URL(path, stack.url), { redirect: 'manual' })).status, path.slice(0, 30)).toBeLessThan(500)
  }
  expect((await fetch(new URL(`/invite/${long}`, stack.url))).status).toBe(404)
})
