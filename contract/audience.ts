import type { Audience } from './routing.ts'

/** Whether a change of a service's audience admits a caller that it did not admit before. The service's own team is always admitted. */
export function widens(before: Audience, after: Audience, ownTeamId: string): boolean {
  if (before.kind === 'anyone' || after.kind === 'team') return false
  if (after.kind === 'anyone') return true
  if (before.kind === 'platform') return false
  if (after.kind === 'platform') return true
  const admitted = new Set(before.kind === 'teams' ? before.teams : [])
  return after.teams.some((team) => team !== ownTeamId && !admitted.has(team))
}
