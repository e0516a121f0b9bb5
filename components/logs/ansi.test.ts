import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withoutAnsi } from '#components/ui/printed-text.ts'
import { parseAnsi } from './ansi.ts'

test('reads colours, weights, the 256 colours and true colour', () => {
  expect(parseAnsi('a \x1b[1;31mred\x1b[0m \x1b[38;5;208mx\x1b[39my\x1b[48;2;1;2;3mz')).toEqual([
    { text: 'a ' },
    { text: 'red', bold: true, colour: '205 49 49' },
    { text: ' ' },
    { text: 'x', colour: '255 135 0' },
    { text: 'y' },
    { text: 'z', ground: '1 2 3' },
  ])
})

test('swaps colour and ground when inverted, and lets weights go one by one', () => {
  expect(parseAnsi('\x1b[34;7;1mx\x1b[22;27my')).toEqual([
    { text: 'x', bold: true, ground: '36 100 220' },
    { text: 'y', colour: '36 100 220' },
  ])
})

test('of a terminal’s other commands nothing has an effect', () => {
  const hostile = '\x1b]0;title\x07\x1b[2J\x1b[999;999H\x1bc<script>'
  expect(parseAnsi(hostile)).toEqual([{ text: '␛]0;title\x07␛[2J␛[999;999H␛c<script>' }])
})

test('signs that turn the direction of the text are shown as such', () => {
  expect(parseAnsi('ok \u202eevil\x1b[31m\u2066x')).toEqual([
    { text: 'ok \ufffdevil' },
    { text: '\ufffdx', colour: '205 49 49' },
  ])
})

test('a colour is three bytes or nothing: what is put into a style can be nothing else', () => {
  for (const code of ['38;2;300;0;0', '38;2;1;2', '38;5;999', '38;5', '38', '38;9;1', '38;2;;;', '1e3', '::::']) {
    for (const { colour, ground } of parseAnsi(`\x1b[${code}mx`)) {
      for (const value of [colour, ground]) expect(value ?? '0 0 0').toMatch(/^\d{1,3} \d{1,3} \d{1,3}$/)
    }
  }
})

test('whatever comes in, the text is kept, and a line of a million codes is read in little time', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.string(), fc.constantFrom('\x1b[', '31m', '\x1b[0m', ';', '\x1b[1;2;3;38;2;9;9;9m', '\x1b')),
      ),
      (parts) => {
        const text = parts.join('')
        expect(
          parseAnsi(text)
            .map((piece) => piece.text)
            .join(''),
        ).toBe(withoutAnsi(text))
      },
    ),
  )
  const began = performance.now()
  expect(parseAnsi('\x1b[31mx'.repeat(250_000)).length).toBeLessThan(500)
  expect(performance.now() - began).toBeLessThan(1_000)
})
