import { expect, test } from 'vitest'
import { globalFirst } from './arguments.ts'

const ordered = (line: string) =>
  globalFirst(['node', 'm3o', ...line.split(' ')])
    .slice(2)
    .join(' ')

test('global options may stand anywhere before --', () => {
  expect(ordered('logs shop --env alice --json -n 5')).toBe('--env alice --json logs shop -n 5')
  expect(ordered('login --token T --url=http://x')).toBe('--url=http://x login --token T')
  expect(ordered('exec shop -- env --json')).toBe('exec shop -- env --json')
  expect(() => ordered('logs --env')).toThrow('--env needs a value')
})

test('the command line of exec needs no --, and keeps its own options', () => {
  expect(ordered('exec shop sh -c date')).toBe('exec shop -- sh -c date')
  expect(ordered('exec shop --env alice node --env file --json')).toBe(
    '--env alice exec shop -- node --env file --json',
  )
  expect(ordered('exec --instance i_1 shop ls -la')).toBe('exec --instance i_1 shop -- ls -la')
  expect(ordered('exec shop --instance i_1 ls --instance x')).toBe('exec shop --instance i_1 -- ls --instance x')
  expect(ordered('--json exec shop sh -- -c')).toBe('--json exec shop -- sh -- -c')
  expect(ordered('exec shop')).toBe('exec shop')
})
