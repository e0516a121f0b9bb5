import { eq } from 'drizzle-orm'
import { newId } from '#contract/ids.ts'
import { serviceName } from '#contract/names.ts'
import type { Actor } from '#contract/rpc.ts'
import { services } from '#db/schema.ts'
import { parseName } from '../access/names.ts'
import { audited } from '../audit/audit.ts'
import type { Platform } from '../platform.ts'
import { insertService } from '../services/services.ts'
import { findTeam } from '../teams/teams.ts'
import { readable } from './docs.ts'

interface Fork {
  teamId: string
  name: string
  newName: string
  ownerId: string
}

/**
 * A service of the team's own with another one's source and its history up to what serves there; variables and secrets stay
 * where they are. It remembers where it is from. Returns its id; nothing runs until it is deployed.
 */
export async function forkService(
  platform: Platform,
  actor: Actor,
  { teamId, name, newName, ownerId }: Fork,
): Promise<{ serviceId: string; name: string; commit: string }> {
  const own = parseName(serviceName, newName)
  const [team, { serviceId: fromId, commit }] = await Promise.all([
    findTeam(platform, teamId),
    readable(platform, teamId, name),
  ])
  const [original] = await platform.db
    .select({ description: services.description, tags: services.tags })
    .from(services)
    .where(eq(services.id, fromId))
  const row = {
    id: newId('service'),
    teamId,
    name: own,
    ownerId,
    description: original?.description ?? '',
    tags: original?.tags ?? [],
    audience: { kind: 'team' } as const,
    forkedFrom: { serviceId: fromId, commit },
    createdAt: Date.now(),
    deletedAt: null,
  }
  platform.disk.requireRoom(teamId)
  // The repository first, as for any service: a row without one would be broken.
  await platform.source.repositories.fork({ serviceId: row.id, fromId, commit })
  try {
    await audited(
      platform.db,
      actor,
      {
        teamId: team.id,
        action: 'service.fork',
        target: `service ${own}`,
        after: { from: name, revision: commit.slice(0, 7) },
      },
      (tx) => insertService(tx, row),
    )
  } catch (error) {
    await platform.source.repositories.delete(row.id)
    throw error
  }
  await platform.routing.refresh({ services: [row.id] })
  platform.events.emit({ type: 'service', teamId, serviceId: row.id, environmentId: null })
  return { serviceId: row.id, name: own, commit }
}
