import { expect, test } from 'vitest'
import { isPlatformError } from '#contract/errors.ts'
import { RateLimit } from './rate-limit.ts'
import { networkOf, SignInLimit } from './sign-in-limit.ts'

const limited = () => new SignInLimit(new RateLimit({ burst: 15, everyMs: 4_000 }))

/** How many of so many guesses were let through. */
function guesses(limit: SignInLimit, count: number, of: (n: number) => [email: string, from: string]): number {
  let through = 0
  for (let n = 0; n < count; n++) {
    try {
      limit.attempt(...of(n))
      through++
    } catch (error) {
      if (!isPlatformError(error) || error.code !== 'rate_limited') throw error
    }
  }
  return through
}

test('guessing from one address is slowed down, for one account or for many', () => {
  expect(guesses(limited(), 100, () => ['ann@example.com', '192.0.2.1'])).toBe(15)
  expect(guesses(limited(), 100, (n) => [`p${n}@example.com`, '192.0.2.1'])).toBe(15)
})

test('guessing one account from many addresses is slowed down as well', () => {
  expect(guesses(limited(), 1_000, (n) => ['ann@example.com', `192.0.${n >> 8}.${n & 255}`])).toBe(150)
})

test('nobody is locked out of where they have signed in before by guesses from elsewhere', () => {
  const limit = limited()
  limit.attempt('Ann@example.com', '198.51.100.7')
  limit.succeeded('Ann@example.com', '198.51.100.7')
  guesses(limit, 1_000, (n) => ['ann@example.com', `192.0.${n >> 8}.${n & 255}`])
  expect(guesses(limit, 1, () => ['ann@example.com', '203.0.113.9'])).toBe(0)
  expect(guesses(limit, 1, () => ['ann@example.com', '198.51.100.7'])).toBe(1)
  expect(guesses(limit, 1, () => ['bob@example.com', '203.0.113.9'])).toBe(1)
})

test('all addresses of one network of IPv6 count as one', () => {
  expect(guesses(limited(), 100, (n) => [`p${n}@example.com`, `2001:db8:0:1::${n.toString(16)}`])).toBe(15)
  expect(
    ['2001:db8:0:1::1', '2001:0db8:0000:0001:ffff::2', '2001:db8::1', '::1', 'fe80::1%eth0', '192.0.2.1'].map(
      networkOf,
    ),
  ).toEqual([
    '2001:db8:0:1::/64',
    '2001:db8:0:1::/64',
    '2001:db8:0:0::/64',
    '0:0:0:0::/64',
    'fe80:0:0:0::/64',
    '192.0.2.1',
  ])
})

test('signing in to an account of one’s own gives no more guesses at others', () => {
  const limit = limited()
  let through = 0
  for (let n = 0; n < 100; n++) {
    through += guesses(limit, 1, () => [`p${n}@example.com`, '192.0.2.1'])
    if (guesses(limit, 1, () => ['eve@example.com', '192.0.2.1']) === 1) limit.succeeded('eve@example.com', '192.0.2.1')
  }
  expect(through).toBe(15)
})

test('people who sign in do not use up what their network may', () => {
  const limit = limited()
  for (let n = 0; n < 100; n++) {
    limit.attempt(`p${n}@example.com`, '192.0.2.1')
    limit.succeeded(`p${n}@example.com`, '192.0.2.1')
  }
  expect(guesses(limit, 100, () => ['ann@example.com', '192.0.2.1'])).toBe(15)
})
