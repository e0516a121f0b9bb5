import { expect, test } from 'vitest'
import { characterWidth } from './character-width.ts'

test('letters take one cell, East Asian ones and emoji two, marks none', () => {
  const widths = (text: string) => [...text].map((character) => characterWidth.wcwidth(character.codePointAt(0) ?? 0))
  expect(widths('aé─→')).toEqual([1, 1, 1, 1])
  expect(widths('日本한🚀✅')).toEqual([2, 2, 2, 2, 2])
  expect(widths('e\u0301\u200d\ufe0f')).toEqual([1, 0, 0, 0])
})
