import { expect, test } from 'vitest'
import { coloured } from './output.ts'

const esc = '\u001b'

test("a service's colours are shown where there are colours, and end with the line", () => {
  expect(coloured(`${esc}[33mwarm${esc}[39m and plain`, true)).toBe(`${esc}[33mwarm${esc}[39m and plain${esc}[0m`)
  expect(coloured(`${esc}[33mwarm${esc}[39m and plain`, false)).toBe('warm and plain')
})

test('nothing else that a terminal obeys is printed', () => {
  for (const hostile of [`a${esc}[2Jb`, `a${esc}]0;title\u0007b`, `a${esc}[1;1Hb`, `a${esc}]8;;http://x${esc}\\b`]) {
    for (const shows of [true, false]) expect(coloured(hostile, shows).replaceAll('·', '')).toMatch(/^a.*b$/)
    expect(coloured(`${esc}[31m${hostile}`, true).slice(5, -4)).not.toContain(esc)
  }
  expect(coloured('a\rb\u0000c\u009b2J', false)).not.toMatch(/[\r\u0000\u009b]/)
  expect(coloured('user\u202Etxt.exe\u2066', true)).toBe('user·txt.exe·')
})
