import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beyondBound, parseBounded, withoutTrailing } from './bounds.ts'

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
const countOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce<number>((sum, one) => sum + countOf(one), 1)
    : 1

test('exactly what is beyond a limit is found to be, whatever the document', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 6 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 30 }),
      (value, depth, values) => {
        const found = beyondBound(value, { depth, values })
        expect(found === undefined).toBe(depthOf(value) <= depth && countOf(value) <= values)
      },
    ),
  )
})

test('a document within its bound is what JSON.parse makes of it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseBounded(text, { chars: 1 << 20, depth: 1_000, values: 1 << 20 })).toEqual(JSON.parse(text))
    }),
  )
  expect(() => parseBounded('[', { chars: 10, depth: 1, values: 1 })).toThrow(SyntaxError)
})

test('a document nested a million deep, or of a million values, is refused in words, and nothing recurses into it', () => {
  const bound = { chars: 4 << 20, depth: 100, values: 1_000 }
  expect(() => parseBounded(`${'['.repeat(1 << 20)}${']'.repeat(1 << 20)}`, bound, 'package.json')).toThrow(
    'package.json is nested deeper than 100 levels',
  )
  expect(() => parseBounded(`[${'0,'.repeat(1 << 20)}0]`, bound)).toThrow('the document is larger than 1,000 values')
  expect(() => parseBounded(' '.repeat(bound.chars + 1), bound)).toThrow(
    'the document is larger than 4,194,304 characters',
  )
})

test('what is taken from an end is what an expression would take', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[/a]*$/), (text) => {
      expect(withoutTrailing(text, '/')).toBe(text.replace(/\/+$/, ''))
    }),
  )
})
