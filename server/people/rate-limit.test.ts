import { expect, test } from 'vitest'
import { RateLimit } from './rate-limit.ts'

const isLimited = (limit: RateLimit, key: string, now = 0): boolean => {
  try {
    limit.use(key, now)
    return false
  } catch {
    return true
  }
}

test('so many at once, then one at a time', () => {
  const limit = new RateLimit({ burst: 2, everyMs: 1_000 })
  expect([0, 0, 0, 999, 1_000, 1_000].map((now) => isLimited(limit, 'a', now))).toEqual([
    false,
    false,
    true,
    true,
    false,
    true,
  ])
})

test('one use is taken back, not those before it', () => {
  const limit = new RateLimit({ burst: 2, everyMs: 1_000 })
  limit.use('a', 0)
  limit.use('a', 0)
  limit.takeBack('a', 0)
  expect([isLimited(limit, 'a'), isLimited(limit, 'a')]).toEqual([false, true])
  limit.takeBack('never used', 0)
  expect([0, 1, 2].map(() => isLimited(limit, 'never used'))).toEqual([false, false, true])
})

test('keys without end make it forget those that were hardly used, never the one that is limited', () => {
  const limit = new RateLimit({ burst: 2, everyMs: 1_000_000 })
  limit.use('guessed', 0)
  limit.use('guessed', 0)
  for (let n = 0; n < 120_000; n++) limit.use(`flood ${n}`, 0)
  expect(isLimited(limit, 'guessed')).toBe(true)
})
