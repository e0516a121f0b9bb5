import { expect, test } from 'vitest'
import { type Action, actions, roles } from './permissions.ts'
import { guardAgainst, type Protection, spokenRefusal } from './protection.ts'

const everyone = { role: 'viewer' as const, people: [] }
const strict: Protection = {
  deploy: { role: 'admin', people: ['dev'] },
  secrets: { role: 'owner', people: [] },
  promote: everyone,
}
const as = (role: (typeof roles)[number], personId = 'somebody') => ({ role, personId })

test('nothing stands in the way where nothing protects', () => {
  for (const action of Object.keys(actions) as Action[])
    expect(guardAgainst(null, action, as('viewer'))).toBeUndefined()
})

test('a role and all above it, and who is named, pass a guard', () => {
  expect(guardAgainst(strict, 'service.deploy', as('developer'))).toBe('deploy')
  expect(guardAgainst(strict, 'service.deploy', as('developer', 'dev'))).toBeUndefined()
  expect(guardAgainst(strict, 'service.deploy', as('admin'))).toBeUndefined()
  expect(guardAgainst(strict, 'service.deploy', as('owner'))).toBeUndefined()
  expect(guardAgainst(strict, 'service.deploy', { personId: 'x', role: undefined })).toBe('deploy')
})

test('a shell sees the secrets, so it passes both guards', () => {
  expect(guardAgainst(strict, 'service.exec', as('developer', 'dev'))).toBe('secrets')
  expect(guardAgainst(strict, 'service.exec', as('owner'))).toBeUndefined()
})

test('who changes a protection passes what it asks for', () => {
  expect(guardAgainst(strict, 'environment.protect', as('admin'))).toBe('secrets')
  expect(guardAgainst(strict, 'environment.protect', as('owner'))).toBeUndefined()
})

test('reading and calling are nobody’s to guard', () => {
  for (const action of [
    'service.read',
    'service.call',
    'source.read',
    'log.read',
    'environment.read',
    'environment.create',
  ] as const) {
    expect(guardAgainst(strict, action, as('viewer')), action).toBeUndefined()
  }
})

test('a refusal says what it needs and who else may', () => {
  expect(spokenRefusal('production', 'deploy', { least: 'admin', role: 'developer', named: ['dev@example.com'] })).toBe(
    'production is protected: deploying there needs the role admin or higher (or to be dev@example.com); you are developer',
  )
  expect(spokenRefusal('production', 'secrets', { least: 'owner', role: 'admin', named: [] })).toBe(
    'production is protected: its variables and secrets need the role owner; you are admin',
  )
})
