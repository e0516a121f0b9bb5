import { expect, test } from 'vitest'
import { relativeTime, spokenDuration } from './time-words.ts'

const now = Date.UTC(2026, 10, 24)

test('tells times by one unit, and old ones by their date', () => {
  const told = [0, 40, 90, 3_700, 40 * 3_600, 3 * 86_400, 90 * 86_400].map((seconds) =>
    relativeTime(now - seconds * 1_000, now),
  )
  expect(told).toEqual(['just now', '40 s ago', '1 min ago', '1 h ago', '40 h ago', '3 d ago', '26 Aug 2026'])
  expect(relativeTime(now + 72 * 3_600_000, now)).toBe('in 3 d')
  expect(
    [72 * 3_600 - 1, 48 * 3_600 - 2, 3_600 - 1, 90 * 60 - 1, 59].map((seconds) =>
      relativeTime(now + seconds * 1_000, now),
    ),
  ).toEqual(['in 3 d', 'in 2 d', 'in 1 h', 'in 1 h', 'in 59 s'])
})

test('never puts what has just happened into the future, though the shared clock lags', () => {
  expect(relativeTime(now + 9_000, now)).toBe('just now')
})

test('gives durations the digits that matter', () => {
  expect([38.4, 1_240, 12_340, 65_000, 3_720_000].map((ms) => spokenDuration(ms))).toEqual([
    '38 ms',
    '1.24 s',
    '12.3 s',
    '1 min 5 s',
    '1 h 2 min',
  ])
  expect(spokenDuration(340, true)).toBe('0.3 s')
})
