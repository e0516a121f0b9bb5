import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type JsonBounds, measureJson, parseBounded } from './bounded-json.ts'

const bounds: JsonBounds = { bytes: 16 << 10, depth: 8, values: 500 }

/** What a parser made of it. */
function sizeOf(value: unknown): { depth: number; values: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, values: 1 }
  const inner = Object.values(value).map(sizeOf)
  return {
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    values: 1 + inner.reduce((sum, { values }) => sum + values, 0),
  }
}

test('depth and number of values are those that JSON.parse would make, however the text is spaced', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(undefined, 1, '\t', '\r\n '), (value, space) => {
      const text = JSON.stringify(value, null, space)
      expect(measureJson(Buffer.from(text))).toEqual(sizeOf(JSON.parse(text)))
    }),
    { numRuns: 2_000 },
  )
})

test('what is within the bounds is parsed as JSON.parse does, text that is no JSON is refused', () => {
  const everything = { bytes: Infinity, depth: Infinity, values: Infinity }
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), fc.stringMatching(/^[\]["\\{},:0 a]{0,30}$/)), (text) => {
      let expected: unknown
      let isJson = true
      try {
        expected = JSON.parse(text)
      } catch {
        isJson = false
      }
      if (!isJson) expect(() => parseBounded(text, everything)).toThrow('could not be parsed')
      else for (const given of [text, Buffer.from(text)]) expect(parseBounded(given, everything)).toEqual(expected)
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ['nested arrays', '['.repeat(9) + ']'.repeat(9), 'nested at most 8 deep'],
  ['nested arrays that never end', '['.repeat(10_000), 'nested at most 8 deep'],
  ['nested objects', '{"a":'.repeat(9) + '1' + '}'.repeat(9), 'nested at most 8 deep'],
  ['many numbers', `[${'0,'.repeat(500)}0]`, 'at most 500 values'],
  ['many empty objects', `[${'{},'.repeat(600)}{}]`, 'at most 500 values'],
  ['many members', `{${Array.from({ length: 501 }, (_, n) => `"${n}":0`).join()}}`, 'at most 500 values'],
  ['many bytes', `"${'x'.repeat(16 << 10)}"`, 'the limit is 16 KiB'],
])('refused before it is parsed: %s', (_name, text, why) => {
  expect(() => parseBounded(text, bounds)).toThrow(
    expect.objectContaining({ code: 'too_large', message: expect.stringContaining(why) as string }),
  )
})

test('brackets and commas inside strings are text', () => {
  expect(parseBounded(JSON.stringify({ text: `${'['.repeat(2_000)}\\"${','.repeat(2_000)}` }), bounds)).toEqual({
    text: `${'['.repeat(2_000)}\\"${','.repeat(2_000)}`,
  })
})
