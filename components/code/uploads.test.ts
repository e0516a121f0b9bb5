import { expect, test } from 'vitest'
import { besideThem, clashesOf } from './uploads.ts'

const files = (...names: string[]) => names.map((name) => ({ name, file: new File([], name) }))

test('files that would replace others are found, and get names that are free', () => {
  const paths = new Set(['a.txt', 'lib/a.txt', 'lib/a-2.txt', 'lib/.env'])
  expect(clashesOf('lib', files('a.txt', 'b.txt'), paths).map(({ name }) => name)).toEqual(['a.txt'])
  expect(besideThem('lib', files('a.txt', 'a-3.txt', '.env', 'b.txt'), paths).map(({ name }) => name)).toEqual([
    'a-3.txt',
    'a-3-2.txt',
    '.env-2',
    'b.txt',
  ])
  expect(besideThem('', files('a.txt'), paths).map(({ name }) => name)).toEqual(['a-2.txt'])
})
