import { expect, test } from 'vitest'
import { widens } from './audience.ts'
import type { Audience } from './routing.ts'

const team: Audience = { kind: 'team' }
const platform: Audience = { kind: 'platform' }
const anyone: Audience = { kind: 'anyone' }
const teams = (...ids: string[]): Audience => ({ kind: 'teams', teams: ids })

test.each([
  [team, team, false],
  [team, teams('a'), true],
  [team, teams('own'), false],
  [team, platform, true],
  [team, anyone, true],
  [teams('a', 'b'), teams('b'), false],
  [teams('a', 'b'), teams('b', 'own'), false],
  [teams('a', 'b'), teams('c'), true],
  [teams('a'), teams('a', 'c'), true],
  [teams('a'), platform, true],
  [platform, teams('a', 'b'), false],
  [platform, team, false],
  [platform, anyone, true],
  [anyone, platform, false],
  [anyone, anyone, false],
])('from %j to %j widens: %j', (before, after, wider) => {
  expect(widens(before, after, 'own')).toBe(wider)
})
