import { and, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm'
import type { Service } from '#contract/records.ts'
import { environments, services, teams } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { defaultSettings } from './settings.ts'
import { viewServices } from './views.ts'

/**
 * Other teams' services that this one may call, by team and name, as their production has them: a caller of another team
 * is always served by that. What only their own team needs to know is left out.
 * @param name `@team/service`: that one alone
 */
export async function listShared(platform: Platform, teamId: string, name: string | null): Promise<Service[]> {
  const named = name === null ? undefined : /^@([^/]+)\/([^/]+)$/.exec(name)
  if (named === null) return []
  const rows = await platform.db.select({ service: services, environmentId: environments.id }).from(services)
    .innerJoin(teams, and(eq(teams.id, services.teamId), isNull(teams.deletedAt)))
    .innerJoin(environments, and(eq(environments.teamId, services.teamId), eq(environments.kind, 'production'), isNull(environments.deletedAt)))
    .where(and(
      isNull(services.deletedAt), ne(services.teamId, teamId),
      or(inArray(sql`${services.audience}->>'kind'`, ['platform', 'anyone']), sql`${services.audience}->'teams' @> ${JSON.stringify([teamId])}::jsonb`),
      named === undefined ? undefined : and(eq(teams.name, named[1] ?? ''), eq(services.name, named[2] ?? '')),
    ))
  const views = await Promise.all([...Map.groupBy(rows, (row) => row.environmentId)].map(([environmentId, of]) =>
    viewServices(platform, of.map(({ service }) => service), environmentId, { usage: false })))
  const own = platform.routing.table.teams[teamId]?.name
  return views.flat().map((service) => asCallersSee(service, own)).sort((a, b) => (`${a.team}/${a.name}` < `${b.team}/${b.name}` ? -1 : 1))
}

function asCallersSee(service: Service, own: string | undefined): Service {
  return {
    ...service, owner: null, reason: null, laptop: null, instances: [], settings: defaultSettings, locked: [], pending: false, lastDeployment: null,
    // Which others it is shared with is not ours to know.
    audience: service.audience.kind === 'teams' ? { kind: 'teams', teams: own === undefined ? [] : [own] } : service.audience,
  }
}
