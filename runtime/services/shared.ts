import { and, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Service } from '#contract/records.ts'
import type { Access } from '#contract/sharing.ts'
import { consumers, environments, releases, services, teams } from '#db/schema.ts'
import { formerOwner } from '../access/names.ts'
import type { Platform } from '../platform.ts'
import { defaultSettings } from './settings.ts'
import { viewServices } from './views.ts'

type Row = typeof services.$inferSelect

/**
 * Other teams' services that this one may call, ask to call, or read, by team and name, as their production has them: a caller
 * of another team is always served by that. What only their own team needs to know is left out.
 * @param name `@team/service`, also by a former name: that one alone
 */
export async function listShared(platform: Platform, teamId: string, name: string | null): Promise<Service[]> {
  const id = name === null ? undefined : await idOf(platform, name)
  if (id === null) return []
  const rows = await platform.db
    .select({ service: services, environmentId: environments.id, state: consumers.state })
    .from(services)
    .innerJoin(teams, and(eq(teams.id, services.teamId), isNull(teams.deletedAt)))
    .innerJoin(
      environments,
      and(
        eq(environments.teamId, services.teamId),
        eq(environments.kind, 'production'),
        isNull(environments.deletedAt),
      ),
    )
    .leftJoin(consumers, and(eq(consumers.serviceId, services.id), eq(consumers.teamId, teamId)))
    .where(
      and(
        isNull(services.deletedAt),
        ne(services.teamId, teamId),
        isSharedWith(teamId),
        id === undefined ? undefined : eq(services.id, id),
      ),
    )
  const accessOf = new Map(rows.map(({ service, state }) => [service.id, accessTo(service, teamId, state)]))
  const views = await Promise.all(
    [...Map.groupBy(rows, (row) => row.environmentId)].map(([environmentId, of]) =>
      viewServices(
        platform,
        of.map(({ service }) => service),
        environmentId,
        { usage: false },
      ),
    ),
  )
  const own = platform.routing.table.teams[teamId]?.name
  return views
    .flat()
    .map((service) => asCallersSee(service, own, accessOf.get(service.id) ?? 'open'))
    .sort((a, b) => (`${a.team}/${a.name}` < `${b.team}/${b.name}` ? -1 : 1))
}

/** A row of another team's service that this one may see. @throws PlatformError `not_found` */
export async function requireShared(
  { db, routing }: Platform,
  teamId: string,
  name: string,
): Promise<{ service: Row; access: Access; commit: string | null; environmentId: string | null }> {
  const id = await idOf({ db }, name)
  const [found] =
    id === null
      ? []
      : await db
          .select({
            service: services,
            state: consumers.state,
            commit: releases.commit,
            environmentId: environments.id,
          })
          .from(services)
          .leftJoin(consumers, and(eq(consumers.serviceId, services.id), eq(consumers.teamId, teamId)))
          .leftJoin(
            environments,
            and(
              eq(environments.teamId, services.teamId),
              eq(environments.kind, 'production'),
              isNull(environments.deletedAt),
            ),
          )
          .leftJoin(releases, and(eq(releases.serviceId, services.id), eq(releases.environmentId, environments.id)))
          .where(
            and(eq(services.id, id), isNull(services.deletedAt), ne(services.teamId, teamId), isSharedWith(teamId)),
          )
  if (found)
    return {
      service: found.service,
      access: accessTo(found.service, teamId, found.state),
      commit: found.commit,
      environmentId: found.environmentId,
    }
  const own = routing.table.teams[teamId]?.name ?? 'your team'
  throw new PlatformError('not_found', `service ${name.slice(0, 64)} is not shared with ${own}`, {
    fix: `Ask its team to share it: m3o share SERVICE --with ${own}`,
  })
}

/** Whether the team may read the source of another's service. */
export function mayRead({ readable }: Pick<Row, 'readable'>, access: Access): boolean {
  return readable === 'anyone' || (readable === 'callers' && (access === 'open' || access === 'approved'))
}

/** Whether another team than its own sees a service at all. */
export const isSharedWith = (teamId: string) =>
  or(
    inArray(sql`${services.audience}->>'kind'`, ['platform', 'anyone']),
    sql`${services.audience}->'teams' @> ${JSON.stringify([teamId])}::jsonb`,
    eq(services.readable, 'anyone'),
  )

function accessTo({ audience, approval }: Row, teamId: string, state: Access | null): Access {
  const admitted = audience.kind === 'teams' ? audience.teams.includes(teamId) : audience.kind !== 'team'
  if (!admitted) return 'read'
  return approval ? (state ?? 'needed') : 'open'
}

/** Of `@team/service`, by the names of now or of before; null: there is none. */
async function idOf({ db }: Pick<Platform, 'db'>, name: string): Promise<string | null> {
  const [, team, service] = /^@([^/]+)\/([^/]+)$/.exec(name) ?? []
  if (team === undefined || service === undefined) return null
  const [current] = await db
    .select({ id: teams.id })
    .from(teams)
    .where(and(eq(teams.name, team), isNull(teams.deletedAt)))
  const teamId = current?.id ?? (await formerOwner(db, 'team', '', team))
  if (teamId === undefined) return null
  const [found] = await db
    .select({ id: services.id })
    .from(services)
    .where(and(eq(services.teamId, teamId), eq(services.name, service), isNull(services.deletedAt)))
  return found?.id ?? (await formerOwner(db, 'service', teamId, service)) ?? null
}

function asCallersSee(service: Service, own: string | undefined, access: Access): Service {
  return {
    ...service,
    access,
    owner: null,
    reason: null,
    laptop: null,
    instances: [],
    settings: defaultSettings,
    locked: [],
    pending: false,
    deployedAt: null,
    lastDeployment: null,
    // Which others it is shared with is not ours to know.
    audience:
      service.audience.kind === 'teams' ? { kind: 'teams', teams: own === undefined ? [] : [own] } : service.audience,
  }
}
