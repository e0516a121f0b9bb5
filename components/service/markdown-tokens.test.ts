import { expect, test } from 'vitest'
import { maxMarkdownChars } from '#contract/bounds.ts'
import { tokensOf } from './markdown-tokens.ts'

/** What parsers of Markdown go back at, or recurse into. */
const pieces = [
  '*a',
  '**a ',
  '_a',
  '`',
  '[',
  '![',
  '[a](',
  '<a ',
  '> ',
  '>',
  '- ',
  '1. ',
  '|',
  'a|b\n-|-\n',
  '[x]: ',
  '~~',
  '<!--',
  '* * ',
  '[a][',
  '<',
  '***',
  '](',
  '>\n> ',
  '```\n',
  '_a\n\n',
  'http://',
  'www.',
  'a@',
]

test.each(pieces)('a document of %j alone takes less than a second of the thread, at any size', (piece) => {
  for (const size of [maxMarkdownChars, 4 * maxMarkdownChars]) {
    const before = process.threadCpuUsage()
    tokensOf(piece.repeat(Math.floor(size / piece.length)))
    expect(process.threadCpuUsage(before).user / 1000).toBeLessThan(1_000)
  }
})

test('what people write is read, what is too entangled is not', () => {
  expect(
    tokensOf('# Title\n\n> > quoted\n\n- one\n  - *two*\n\n----------------------------------------\n')
      ?.map(({ type }) => type)
      .filter((type) => type !== 'space'),
  ).toEqual(['heading', 'blockquote', 'list', 'hr'])
  expect(tokensOf('> '.repeat(1_000))).toBeUndefined()
  expect(tokensOf('_a'.repeat(20_000))).toBeUndefined()
  expect(tokensOf('_a_ '.repeat(500))).toBeDefined()
})
