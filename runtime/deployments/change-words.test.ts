import { expect, test } from 'vitest'
import { changesInWords } from './change-words.ts'

const file = (path: string, status: 'added' | 'modified' | 'deleted' | 'renamed' = 'modified', from?: string) => ({
  path,
  status,
  ...(from !== undefined && { from }),
})

test('a change without a name is called by its files', () => {
  expect(changesInWords([])).toBe('')
  expect(changesInWords([file('index.ts')])).toBe('Edit index.ts')
  expect(changesInWords([file('a.ts', 'added'), file('b.ts', 'added')])).toBe('Add a.ts and b.ts')
  expect(changesInWords([file('a.ts', 'added'), file('b.ts', 'deleted')])).toBe('Edit a.ts and b.ts')
  expect(changesInWords([file('b.ts', 'renamed', 'a.ts')])).toBe('Rename a.ts to b.ts')
  expect(changesInWords([file('a.ts'), file('b.ts'), file('c.ts')])).toBe('Edit a.ts and 2 more files')
})
