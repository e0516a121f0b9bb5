import { expect, test } from 'vitest'
import { scopeChoices, scopeWords } from './token-scope.ts'

test('says what a token may do as it was chosen', () => {
  for (const { label, actions } of scopeChoices)
    if (actions !== null) expect(scopeWords({ actions: [...actions] })).toBe(label.toLowerCase())
})

test('calls everything that a team has by one name, however it is listed', () => {
  expect(scopeWords({})).toBe('all actions of its creator')
  expect(
    scopeWords({
      actions: [
        'team.*',
        'member.*',
        'audit.*',
        'token.*',
        'service.*',
        'source.*',
        'log.*',
        'variable.*',
        'secret.*',
        'environment.*',
        'consumer.*',
      ],
    }),
  ).toBe('all actions of its creator')
})

test('names a few actions, counts services and environments', () => {
  expect(scopeWords({ actions: ['log.read'], services: ['s_1'], environments: ['e_1', 'e_2'] })).toBe(
    'log.read · 1 service · 2 environments',
  )
})
