import { describe, expect, test } from 'vitest'
import { parseExpiry, parseSince, wholeNumber } from './input.ts'

const now = Date.parse('2026-11-23T12:00:00Z')

describe('times', () => {
  test('are durations, back for what was, ahead for what ends', () => {
    expect(parseSince('10m', now)).toBe(now - 600_000)
    expect(parseExpiry('30d', now)).toBe(now + 30 * 86_400_000)
  })

  test('or dates, as they are', () => {
    expect(parseSince('2026-11-20', now)).toBe(Date.parse('2026-11-20'))
    expect(parseExpiry('2027-01-01', now)).toBe(Date.parse('2027-01-01'))
  })

  test('what ends is to come', () => {
    for (const text of ['2026-11-20', '0s']) expect(() => parseExpiry(text, now), text).toThrow('not in the future')
  })

  test('anything else is misuse', () => {
    for (const text of ['5', 'soon', '', '10 parsecs', '-1h'])
      expect(() => parseSince(text, now), text).toThrow('not a duration or a date')
    for (const text of ['x', '-1', '1.5', '']) expect(() => wholeNumber(text), text).toThrow('not a whole number')
  })
})
