import { and, eq, isNull } from 'drizzle-orm'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { services } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { requireShared } from '../services/shared.ts'

/** Id of what is to be used instead: one of the team's own, by name or as `@team/service`, or another's that it sees. */
export async function replacementOf(platform: Platform, teamId: string, name: string): Promise<string> {
  const own = name.startsWith(`@${platform.routing.table.teams[teamId]?.name ?? ''}/`)
    ? name.slice(name.indexOf('/') + 1)
    : name
  if (own.startsWith('@')) {
    return requireShared(platform, teamId, own).then(
      ({ service }) => service.id,
      (error: unknown) => {
        throw isPlatformError(error) ? new PlatformError('not_found', error.message, { field: 'replacement' }) : error
      },
    )
  }
  const [found] = await platform.db
    .select({ id: services.id })
    .from(services)
    .where(and(eq(services.teamId, teamId), eq(services.name, own), isNull(services.deletedAt)))
  if (!found)
    throw new PlatformError('not_found', `service ${own.slice(0, 64)} does not exist`, {
      field: 'replacement',
      fix: 'Give a service of this team, or another as @team/service.',
    })
  return found.id
}
