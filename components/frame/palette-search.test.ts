import { expect, test } from 'vitest'
import { searchPalette } from './palette-search.ts'

const at = (title: string, group: string, atOnce = false) => ({ title, group, atOnce })
const titles = (found: { entries: { title: string }[] }[]) =>
  found.map(({ entries }) => entries.map(({ title }) => title))

test('shows only what can be done at once before anything is typed', () => {
  expect(titles(searchPalette([at('users', 'Services'), at('New service', 'This screen', true)], ''))).toEqual([
    ['New service'],
  ])
})

test('puts the group with the best match first, and within it the best match', () => {
  const entries = [at('Restart users', 'This screen', true), at('power-users', 'Services'), at('users', 'Services')]
  expect(titles(searchPalette(entries, 'users'))).toEqual([['users', 'power-users'], ['Restart users']])
})

test('takes what was typed as text, not as a pattern', () => {
  expect(titles(searchPalette([at('users', 'Services')], 'u.*('))).toEqual([])
})
