import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Action, actions, mayDo, roles } from './permissions.ts'

const every = fc.constantFrom(...(Object.keys(actions) as Action[]))
const role = fc.constantFrom(...roles, undefined)

test('a higher role may do all that a lower one may', () => {
  for (const action of Object.keys(actions) as Action[]) {
    const allowed = roles.map((one) => mayDo(action, { signedIn: true, operator: false, role: one }))
    expect(allowed).toEqual([...allowed].sort())
  }
})

test('a token never widens what its maker may do', () => {
  fc.assert(
    fc.property(every, role, fc.boolean(), fc.array(fc.string()), (action, own, operator, scope) => {
      const person = { signedIn: true, operator, role: own }
      return !mayDo(action, { ...person, scope: { actions: [...scope, '*'] } }) || mayDo(action, person)
    }),
  )
})

test('a token limited to reading writes nothing', () => {
  const reading = Object.keys(actions).filter((action) =>
    mayDo(action as Action, { signedIn: true, operator: true, role: 'owner', scope: { actions: ['*.read'] } }),
  )
  expect(reading.every((action) => action.endsWith('.read'))).toBe(true)
  expect(reading).toContain('service.read')
  expect(reading).not.toContain('secret.read')
})

test('nobody may do anything on a team without being signed in', () => {
  const open = Object.keys(actions).filter((action) =>
    mayDo(action as Action, { signedIn: false, operator: false, role: undefined }),
  )
  expect(open).toEqual(['platform.start'])
})
