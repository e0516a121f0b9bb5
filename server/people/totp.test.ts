import { expect, test } from 'vitest'
import { newTotpSecret, totpAddress, totpCode, totpStep } from './totp.ts'

/** RFC 6238, appendix B: the secret is `12345678901234567890`; of its eight digits, the last six. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

test('codes are those of the RFC', () => {
  const of = (seconds: number) => totpCode(secret, Math.floor(seconds / 30))
  expect([59, 1_111_111_109, 1_111_111_111, 1_234_567_890, 2_000_000_000, 20_000_000_000].map(of)).toEqual([
    '287082',
    '081804',
    '050471',
    '005924',
    '279037',
    '353130',
  ])
})

test('a code is good for its own half minute and the one on either side', () => {
  const now = 1_234_567_890_000
  const step = Math.floor(now / 30_000)
  for (const near of [-1, 0, 1]) expect(totpStep(secret, totpCode(secret, step + near), now)).toBe(step + near)
  for (const far of [-2, 2, 100]) expect(totpStep(secret, totpCode(secret, step + far), now)).toBeUndefined()
  for (const wrong of ['', '12345', '1234567', 'abcdef', '１２３４５６'])
    expect(totpStep(secret, wrong, now)).toBeUndefined()
})

test('a new secret has 160 bits, and its address says whose it is', () => {
  expect(newTotpSecret()).toMatch(/^[A-Z2-7]{32}$/)
  expect(totpAddress('AA', { email: 'a&b@example.com', issuer: 'M3O x' })).toBe(
    'otpauth://totp/M3O%20x:a%26b%40example.com?secret=AA&issuer=M3O+x',
  )
})
