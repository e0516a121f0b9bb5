import { expect, test } from 'vitest'
import { tokensOf } from './json-tokens.ts'

test('names, texts and literals are told apart, also where a text looks like one of them', () => {
  const text = JSON.stringify({ a: 'b: "c"', n: -1.5e3, t: true, nothing: null, s: '12 true' }, null, 2)
  const tokens = tokensOf(text)
  expect(tokens.map((each) => each.text).join('')).toBe(text)
  const of = (kind: string) => tokens.filter((each) => each.kind === kind).map((each) => each.text)
  expect(of('name')).toEqual(['"a"', '"n"', '"t"', '"nothing"', '"s"'])
  expect(of('string')).toEqual([JSON.stringify('b: "c"'), '"12 true"'])
  expect(of('literal')).toEqual(['-1500', 'true', 'null'])
})

test('a large text stays whole and makes a bounded number of pieces', () => {
  const text = JSON.stringify(Array.from({ length: 300_000 }, (_, n) => n))
  const tokens = tokensOf(text)
  expect(tokens.length).toBeLessThan(60_000)
  expect(tokens.map((each) => each.text).join('') === text).toBe(true)
})
