import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Service } from '#contract/records.ts'
import { statusOfAll } from './status.ts'

const place = { team: 'demo', environment: 'production' }
const service = (name: string, state: Service['state'], reason: string | null = null) =>
  ({ team: 'demo', name, state, reason, revision: 'abc1234', instances: [] }) as unknown as Service

test('of many: how many are how, and first those that somebody has to look at', () => {
  const many = Array.from({ length: 200 }, (_, n) => service(`s${n}`, n % 2 === 0 ? 'live' : 'asleep'))
  const lines = stripVTControlCharacters(
    statusOfAll([...many, service('broken', 'failed', 'it crashed 5 times\nand more')], place),
  ).split('\n')
  expect(lines[0]).toBe('production of demo: 100 live, 100 asleep, 1 failed')
  expect(lines[3]).toMatch(/^broken +failed +abc1234 +0 +it crashed 5 times$/)
  expect(lines).toHaveLength(206)
})

test('where there is none, it says how to have one', () => {
  expect(statusOfAll([], place)).toMatch(/m3o new/)
})
