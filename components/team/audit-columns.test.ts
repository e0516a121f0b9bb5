import { expect, test } from 'vitest'
import { brief } from './audit-columns.tsx'

test('a change is read as names and values', () => {
  expect(brief(null)).toBe('')
  expect(brief('owner')).toBe('owner')
  expect(brief({ role: 'owner', expires: null })).toBe('role owner, expires none')
  expect(brief({ scope: ['a', 'b'] })).toBe('scope ["a","b"]')
})
