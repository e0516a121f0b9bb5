import { expect, test } from 'vitest'
import type { Protection } from '#contract/protection.ts'
import { classOf, isClass, ownerOfClass, type Standing, trustOf, trustOfDraft } from './trust.ts'

const admitted = { role: 'owner', people: [] } as const
const closed: Protection = {
  deploy: { ...admitted, people: [] },
  secrets: { ...admitted, people: [] },
  promote: { ...admitted, people: [] },
}
const of = (id: string, kind: Standing['kind'], protection: Protection | null = null): Standing => ({
  id: `e_${id}`,
  teamId: 't_1',
  kind,
  protection,
})

const open = of('production', 'production')
const production = of('production', 'production', closed)
const staging = of('staging', 'shared')
const alice = of('alice', 'personal')
const bob = of('bob', 'personal')
const locked = of('locked', 'personal', closed)
const names = new Map([
  [classOf(production), 'production'],
  [classOf(locked), 'locked'],
  ['shared-t_1', 'shared'],
  ['personal-e_alice', 'alice'],
  ['personal-e_bob', 'bob'],
  ['platform-t_1', 'platform'],
])
const spoken = (classes: readonly string[]) => classes.map((name) => names.get(name) ?? name)

test.each<[string, Standing[], string, string[]]>([
  ['production that is open', [open], 'shared', []],
  ['production that is protected', [production], 'production', []],
  ['shared below protected', [staging, production], 'shared', ['production']],
  ['shared below open', [staging, open], 'shared', []],
  ['a preview', [of('p', 'preview'), production], 'shared', ['production']],
  ['personal below open', [alice, open], 'alice', ['shared']],
  ['personal below protected', [alice, production], 'alice', ['shared', 'production']],
  ['personal below another one', [bob, alice, staging, production], 'bob', ['shared', 'production']],
  ['protected below all', [locked, alice, staging, production], 'locked', []],
])('%s writes its own class and reads no less trusted one', (_, chain, own, others) => {
  const trust = trustOf(chain)
  expect(spoken([trust.own])).toEqual([own])
  expect(spoken(trust.reads)).toEqual(['platform', own, ...others])
})

test('what a draft of a protected environment installs is not of its class, though it may use that', () => {
  expect(trustOfDraft([staging, production])).toEqual(trustOf([staging, production]))
  const drafts = trustOfDraft([production])
  expect(spoken([drafts.own])).toEqual(['shared'])
  expect(spoken(drafts.reads)).toEqual(['platform', 'production', 'shared'])
})

test('an environment is of another class when it becomes protected, and when others may deploy or promote there', () => {
  const weak: Protection = { ...closed, deploy: { role: 'developer', people: [] } }
  const named: Protection = { ...closed, promote: { role: 'owner', people: ['u_2', 'u_1'] } }
  const classes = [
    alice,
    locked,
    ...[weak, named, { ...closed, approval: true }].map((protection) => ({ ...locked, protection })),
  ].map(classOf)
  expect(new Set(classes).size).toBe(classes.length)
  expect(classOf({ ...locked, protection: { ...named, promote: { role: 'owner', people: ['u_1', 'u_2'] } } })).toBe(
    classOf({ ...locked, protection: named }),
  )
  // Who may read secrets decides nothing about builds.
  expect(classOf({ ...locked, protection: { ...closed, secrets: { role: 'viewer', people: [] } } })).toBe(
    classOf(locked),
  )
})

test('whose a class is, is in its name', () => {
  expect([alice, locked, open].map(classOf).map(ownerOfClass)).toEqual([
    { environmentId: 'e_alice' },
    { environmentId: 'e_locked' },
    { teamId: 't_1' },
  ])
  expect(ownerOfClass('a'.repeat(32))).toBeUndefined()
})

test('names of classes are names of folders, and are told from those of before', () => {
  for (const name of [alice, open, production].map(classOf)) {
    expect(name).toMatch(/^[a-z0-9_-]+$/)
    expect(isClass(name)).toBe(true)
  }
  expect(['t_01jd', 'a'.repeat(32), `${'a'.repeat(32)}.json`].map(isClass)).toEqual([false, false, false])
})
