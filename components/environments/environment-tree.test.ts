import { expect, test } from 'vitest'
import type { Environment } from '#contract/records.ts'
import { treeOf } from './environment-tree.ts'

const at = (name: string, parent: string | null) => ({ name, parent }) as unknown as Environment

test('lists each environment under its parent, siblings by name', () => {
  const branches = treeOf([at('bob', 'staging'), at('staging', 'production'), at('alice', 'staging'), at('production', null)])
  expect(branches.map(({ environment, depth, children }) => [environment.name, depth, children])).toEqual([
    ['production', 0, 1], ['staging', 1, 2], ['alice', 2, 0], ['bob', 2, 0],
  ])
})

test('keeps what has lost its parent in sight', () => {
  expect(treeOf([at('alice', 'gone')]).map(({ environment }) => environment.name)).toEqual(['alice'])
})
