import { expect, test } from 'vitest'
import type { Protection } from '#contract/protection.ts'
import type { EnvironmentRow } from '../environments/environments.ts'
import { requireNothingWithheld, resolveVariables, type VariableRow } from './effective.ts'

const anyone = { role: 'viewer' as const, people: [] }
const protection: Protection = { deploy: anyone, secrets: anyone, promote: anyone }

const environment = (id: string, parentId: string | null, more: Partial<EnvironmentRow> = {}): EnvironmentRow => ({
  id,
  teamId: 't',
  name: id,
  kind: parentId === null ? 'production' : 'personal',
  parentId,
  ownerId: null,
  branch: null,
  pinned: false,
  protection: null,
  letIn: [],
  generation: 0,
  createdAt: 0,
  expiresAt: null,
  deletedAt: null,
  expired: false,
  ...more,
})
const variable = (
  environmentId: string,
  name: string,
  value: string | null,
  more: Partial<VariableRow> = {},
): VariableRow => ({
  serviceId: 's',
  environmentId,
  name,
  secret: false,
  value,
  inheritable: false,
  byName: 'ann',
  updatedAt: 0,
  ...more,
})
const secret = { secret: true }

const production = environment('production', null, { protection })
const staging = environment('staging', 'production')
const alice = environment('alice', 'staging')
const inAlice = [alice, staging, production]
const named = (found: ReturnType<typeof resolveVariables>) => ({
  given: Object.fromEntries(
    found.given.map(({ row, environment: from, hides }) => [
      row.name,
      `${row.value} of ${from.name}${hides ? ` over ${hides.name}` : ''}`,
    ]),
  ),
  withheld: found.withheld.map(({ row }) => row.name),
  removed: found.removed.map(({ row }) => row.name),
})

test('the nearest value counts, and what it hides is known', () => {
  const rows = [
    variable('production', 'A', '1'),
    variable('staging', 'A', '2'),
    variable('alice', 'A', '3'),
    variable('production', 'B', '1'),
  ]
  expect(named(resolveVariables(inAlice, rows)).given).toEqual({ A: '3 of alice over staging', B: '1 of production' })
})

test('what was left out here is told, what was left out further up is simply not there', () => {
  const rows = [
    variable('production', 'A', '1'),
    variable('staging', 'A', null),
    variable('production', 'B', '1'),
    variable('alice', 'B', null),
  ]
  expect(named(resolveVariables(inAlice, rows))).toEqual({ given: {}, withheld: [], removed: ['B'] })
  // Taking back the one that hides nothing would bring nothing.
  expect(named(resolveVariables(inAlice, [...rows, variable('alice', 'A', '2')])).given).toEqual({ A: '2 of alice' })
})

test('secrets of a protected environment stay there unless they are marked; variables go on', () => {
  const rows = [
    variable('production', 'KEY', 'k', secret),
    variable('production', 'OPEN', 'o', { ...secret, inheritable: true }),
    variable('production', 'PLAIN', 'p'),
  ]
  expect(named(resolveVariables([production], rows)).given).toEqual({
    KEY: 'k of production',
    OPEN: 'o of production',
    PLAIN: 'p of production',
  })
  expect(named(resolveVariables(inAlice, rows))).toEqual({
    given: { OPEN: 'o of production', PLAIN: 'p of production' },
    withheld: ['KEY'],
    removed: [],
  })
})

test('one that is set, or left out, on the way is withheld from nobody', () => {
  const key = variable('production', 'KEY', 'k', secret)
  expect(named(resolveVariables(inAlice, [key, variable('staging', 'KEY', 's', secret)]))).toEqual({
    given: { KEY: 's of staging over production' },
    withheld: [],
    removed: [],
  })
  expect(named(resolveVariables(inAlice, [key, variable('alice', 'KEY', null, secret)]))).toEqual({
    given: {},
    withheld: [],
    removed: ['KEY'],
  })
  expect(
    named(
      resolveVariables([environment('bob', 'open'), environment('open', null)], [variable('open', 'KEY', 'k', secret)]),
    ).given,
  ).toEqual({ KEY: 'k of open' })
})

test('a copy that would lack secrets is refused with their names and what to do', () => {
  const { withheld } = resolveVariables(inAlice, [
    variable('production', 'KEY', 'k', secret),
    variable('production', 'OTHER', 'o', secret),
  ])
  expect(() => requireNothingWithheld('alice', [{ service: 'shop', withheld }])).toThrow(
    expect.objectContaining({
      code: 'not_in_this_state',
      message: 'shop in alice would lack secrets of production, which is protected: KEY, OTHER',
      fix: expect.stringContaining('m3o secret set shop KEY --env alice') as string,
      data: {
        missing: [
          { service: 'shop', name: 'KEY', from: 'production' },
          { service: 'shop', name: 'OTHER', from: 'production' },
        ],
      },
    }) as Error,
  )
  requireNothingWithheld('alice', [{ service: 'shop', withheld: [] }])
})
