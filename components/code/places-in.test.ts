import { expect, test } from 'vitest'
import { placesIn } from './places-in.ts'

const files = new Set(['src/x.ts', 'main.py', 'index.ts'])
const places = (text: string) => placesIn(text, files).flatMap(({ place }) => place ?? [])

test('places are found as Node, esbuild, TypeScript and Python write them', () => {
  expect(places('    at run (file:///app/src/x.ts:3:7)')).toEqual([{ path: 'src/x.ts', line: 3, column: 7 }])
  expect(places('✘ index.ts:12:4: ERROR: Expected ";"')).toEqual([{ path: 'index.ts', line: 12, column: 4 }])
  expect(places('src/x.ts(3,7): error TS2322: no')).toEqual([{ path: 'src/x.ts', line: 3, column: 7 }])
  expect(places('  File "/app/main.py", line 9, in <module>')).toEqual([{ path: 'main.py', line: 9, column: 1 }])
})

test('what is not in the tree is text, and no text is lost', () => {
  const text = 'node:internal/x.js:1:2 and /app/index.ts:5 and /etc/passwd.txt:1'
  expect(places(text)).toEqual([{ path: 'index.ts', line: 5, column: 1 }])
  expect(
    placesIn(text, files)
      .map((part) => part.text)
      .join(''),
  ).toBe(text)
})
