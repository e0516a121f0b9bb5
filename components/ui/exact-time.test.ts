import { expect, test } from 'vitest'
import { exactTime, fromField, timeIn, toField, zoneName } from './exact-time.ts'

const at = Date.UTC(2026, 10, 24, 23, 3, 7, 45)

test('tells a time exactly, always with its zone', () => {
  expect(exactTime(at, 'UTC')).toBe('Tue 24 Nov 2026, 23:03:07 UTC')
  expect(exactTime(at, 'Europe/Berlin')).toMatch(/^Wed 25 Nov 2026, 00:03:07 (CET|GMT\+1)$/)
  expect(exactTime(at, 'UTC', true)).toBe('Tue 24 Nov 2026, 23:03:07.045 UTC')
})

test('tells the day and the time of a zone', () => {
  expect([timeIn('Asia/Kolkata', at, 'minutes'), timeIn('Asia/Kolkata', at, 'day'), timeIn('UTC', at, 'fine')]).toEqual(
    ['04:33', '25 Nov', '23:03:07.045'],
  )
  expect(zoneName('Asia/Kolkata', at)).toBe('GMT+5:30')
})

test('a field for date and time means what it shows', () => {
  expect(toField(at, 'UTC')).toBe('2026-11-24T23:03:07')
  expect(fromField('2026-11-24T23:03:07', 'UTC')).toBe(at - 45)
  expect(fromField('', 'UTC')).toBe(null)
})
