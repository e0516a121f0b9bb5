import { expect, test } from 'vitest'
import type { Deployment } from '#contract/records.ts'
import { revisionBefore } from './words.ts'

type Step = [kind: Deployment['kind'], commit: string, state?: Deployment['state']]

/** Given as they happened. */
const before = (...steps: Step[]) =>
  revisionBefore(steps.map(([kind, commit, state = 'live']) => ({ kind, commit, state }) as Deployment).reverse())
    ?.commit

test('going back leads to the live revision before the one that serves', () => {
  expect(before(['deploy', 'a'])).toBeUndefined()
  expect(before(['deploy', 'a'], ['deploy', 'a'])).toBeUndefined()
  expect(before(['deploy', 'a'], ['deploy', 'b', 'failed'])).toBeUndefined()
  expect(before(['deploy', 'a'], ['deploy', 'b'], ['restart', 'b'])).toBe('a')
  expect(before(['deploy', 'a'], ['deploy', 'b'], ['deploy', 'c'], ['rollback', 'b'])).toBe('a')
  expect(before(['deploy', 'a'], ['deploy', 'b'], ['rollback', 'a'])).toBeUndefined()
})
