import type { Audience } from '#contract/routing.ts'
import type { Transaction } from '#db/open.ts'
import type { Platform } from '../platform.ts'
import { tell } from './news.ts'

/** Tells the teams that could call a service, and cannot any more. */
export async function tellLosing(
  { routing }: Pick<Platform, 'routing'>,
  tx: Transaction,
  row: { id: string; teamId: string; audience: Audience },
  after: Audience,
): Promise<void> {
  const holds = (audience: Audience, teamId: string) =>
    audience.kind === 'teams' ? audience.teams.includes(teamId) : audience.kind !== 'team'
  const losing = Object.keys(routing.table.teams).filter(
    (teamId) => teamId !== row.teamId && holds(row.audience, teamId) && !holds(after, teamId),
  )
  for (const teamId of losing)
    await tell(tx, { serviceId: row.id, teamId, kind: 'audience', text: 'is no longer shared with your team' })
}
