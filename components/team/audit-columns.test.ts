import { expect, test } from 'vitest'
import { brief } from './audit-columns.tsx'

test('a change is read as names and values, with short ids and times that can be read', () => {
  expect(brief(null)).toBe('')
  expect(brief('owner')).toBe('owner')
  expect(brief({ role: 'owner', expires: null })).toBe('role owner, expires none')
  expect(brief({ actions: ['a', 'b'], scope: {} })).toBe('actions a, b, scope none')
  expect(brief({ deployment: 'd_1m895tm2ct1hrmqx33vqm', expiresAt: Date.UTC(2027, 1, 23, 9, 30) })).toBe(
    'deployment …x33vqm, expiresAt Tue 23 Feb 2027, 09:30:00 UTC',
  )
})
