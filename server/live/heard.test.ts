import { expect, test } from 'vitest'
import { z } from 'zod'
import { heard } from './heard.ts'

test('what cannot even be looked at is not heard', () => {
  const id = z.string().min(1).max(64)
  expect(heard(id, 'a')).toBe('a')
  for (const said of [null, '', {}, { length: { toString: null, valueOf: null } }])
    expect(heard(id, said)).toBeUndefined()
})
