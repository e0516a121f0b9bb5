import { expect, test } from 'vitest'
import type { Environment } from '#contract/records.ts'
import { treeOf, under } from './environment-tree.ts'

const at = (name: string, parent: string | null) => ({ name, parent }) as unknown as Environment

test('lists each environment under its parent, siblings by name', () => {
  const branches = treeOf([
    at('bob', 'staging'),
    at('staging', 'production'),
    at('alice', 'staging'),
    at('production', null),
  ])
  expect(branches.map(({ environment, depth, children }) => [environment.name, depth, children.join(' ')])).toEqual([
    ['production', 0, 'staging'],
    ['staging', 1, 'alice bob'],
    ['alice', 2, ''],
    ['bob', 2, ''],
  ])
})

test('keeps what has lost its parent in sight', () => {
  expect(treeOf([at('alice', 'gone')]).map(({ environment }) => environment.name)).toEqual(['alice'])
})

test('draws its lines: on past whoever has younger siblings, not past the last', () => {
  const branches = treeOf([
    at('production', null),
    at('a', 'production'),
    at('b', 'production'),
    at('a1', 'a'),
    at('a2', 'a'),
    at('b1', 'b'),
  ])
  expect(branches.map(({ environment, last, rails }) => [environment.name, last, rails])).toEqual([
    ['production', true, []],
    ['a', false, []],
    ['a1', false, [true]],
    ['a2', true, [true]],
    ['b', true, []],
    ['b1', true, [false]],
  ])
})

test('knows all that stems from one', () => {
  const all = [at('production', null), at('a', 'production'), at('a1', 'a'), at('deep', 'a1'), at('b', 'production')]
  expect(under(all, 'a')).toEqual(['a1', 'deep'])
  expect(under(all, 'b')).toEqual([])
})
