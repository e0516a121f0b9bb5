import { expect, test } from 'vitest'
import { headAndRest, sentence } from './problem.ts'

test('a sentence begins with a capital, and a name stays as it is written', () => {
  expect(sentence('this name is taken')).toBe('This name is taken.')
  expect(sentence('index.ts:3:7: Unexpected ";"')).toBe('index.ts:3:7: Unexpected ";".')
  expect(sentence('npm: there is no such package')).toBe('npm: there is no such package.')
  expect(sentence('m3o.json is not JSON')).toBe('m3o.json is not JSON.')
  expect(sentence('src/x.ts was changed')).toBe('src/x.ts was changed.')
})

test('a frame keeps its lines and spaces, and loses what only a terminal reads', () => {
  expect(headAndRest('index.ts:2:3: \u001b[31mUnexpected\u001b[0m\n  1 | a\n> 2 |   b\n    |   ^\n')).toEqual({
    head: 'index.ts:2:3: Unexpected',
    rest: '  1 | a\n> 2 |   b\n    |   ^',
  })
  expect(headAndRest('one line')).toEqual({ head: 'one line', rest: '' })
})
