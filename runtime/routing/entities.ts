import { and, eq, gt, inArray, isNotNull, isNull, or } from 'drizzle-orm'
import { idleLifeMs } from '#contract/environment-life.ts'
import { mayDo } from '#contract/permissions.ts'
import type { Routed } from '#contract/routing.ts'
import type { Db } from '#db/open.ts'
import { consumers, environments, formerNames, members, services, teams, tokens, users } from '#db/schema.ts'
import { confirmedEmail } from '../people/person.ts'

/** Entities of the routing table as the database has them; an id without a row (or a deleted one) is null. */
type Found<K extends keyof Routed> = Record<string, Routed[K] | null>

/** Of `ids`, or all when absent. */
type Ids = readonly string[] | undefined

export async function teamEntities(db: Db, ids: Ids): Promise<Found<'teams'>> {
  const rows = await db
    .select()
    .from(teams)
    .where(ids ? inArray(teams.id, [...ids]) : isNull(teams.deletedAt))
  const former = await formerOf(db, 'team')
  return collect(ids, rows, (row) =>
    row.deletedAt === null ? { id: row.id, name: row.name, formerNames: former.get(row.id) ?? [] } : null,
  )
}

/** Deleted ones stay, as gone, for as long as nobody else takes the name: their calls must not fall through in silence. */
export async function environmentEntities(db: Db, ids: Ids): Promise<Found<'environments'>> {
  const rows = await db
    .select()
    .from(environments)
    .where(ids ? inArray(environments.id, [...ids]) : undefined)
  const former = await formerOf(db, 'environment')
  return collect(ids, rows, (row) => ({
    id: row.id,
    teamId: row.teamId,
    name: row.name,
    formerNames: former.get(row.id) ?? [],
    parentId: row.parentId,
    generation: row.generation,
    ...(row.protection !== null && !row.protection.overlays && { keepsSecrets: true }),
    ...(row.deletedAt === null
      ? { gone: null }
      : row.expired
        ? {
            gone: `the environment ${row.name} expired: it was not used for ${idleLifeMs / 3_600_000} hours`,
            goneBy: 'expired' as const,
          }
        : { gone: `the environment ${row.name} was deleted`, goneBy: 'deleted' as const }),
  }))
}

export async function serviceEntities(db: Db, ids: Ids): Promise<Found<'services'>> {
  const rows = await db
    .select()
    .from(services)
    .where(ids ? inArray(services.id, [...ids]) : isNull(services.deletedAt))
  const [former, asked, names] = await Promise.all([
    formerServiceNames(db),
    consumersOf(db, ids),
    replacementNames(db, rows),
  ])
  return collect(ids, rows, (row) => {
    if (row.deletedAt !== null) return null
    const all = former.get(row.id) ?? []
    const elsewhere = all.filter(({ scope }) => scope !== row.teamId)
    const own = asked.get(row.id) ?? []
    const numbers = own.filter(({ perMinute }) => perMinute !== null)
    const { deprecation } = row
    return {
      id: row.id,
      teamId: row.teamId,
      name: row.name,
      formerNames: all.filter(({ scope }) => scope === row.teamId).map(({ name }) => name),
      audience: row.audience,
      ...(elsewhere.length > 0 && { formerIn: elsewhere.map(({ scope, name }) => ({ teamId: scope, name })) }),
      ...(row.approval && { approved: own.filter(({ state }) => state === 'approved').map(({ teamId }) => teamId) }),
      ...((row.perMinute !== null || numbers.length > 0) && {
        limit: {
          perMinute: row.perMinute,
          teams: Object.fromEntries(numbers.map(({ teamId, perMinute }) => [teamId, perMinute])),
        },
      }),
      ...(deprecation !== null && {
        deprecation: {
          at: deprecation.at,
          sunset: deprecation.sunset,
          replacement: names.get(deprecation.replacementId ?? '') ?? null,
        },
      }),
    }
  })
}

async function consumersOf(db: Db, ids: Ids) {
  const rows = await db
    .select()
    .from(consumers)
    .where(ids ? inArray(consumers.serviceId, [...ids]) : undefined)
  return Map.groupBy(rows, (row) => row.serviceId)
}

/** `@team/service` of what deprecated services are replaced by. */
export async function replacementNames(
  db: Db,
  rows: readonly { deprecation: { replacementId: string | null } | null }[],
): Promise<Map<string, string>> {
  const ids = rows.flatMap(({ deprecation }) => deprecation?.replacementId ?? [])
  if (ids.length === 0) return new Map()
  const found = await db
    .select({ id: services.id, service: services.name, team: teams.name })
    .from(services)
    .innerJoin(teams, eq(teams.id, services.teamId))
    .where(and(inArray(services.id, ids), isNull(services.deletedAt)))
  return new Map(found.map(({ id, service, team }) => [id, `@${team}/${service}`]))
}

async function formerServiceNames(db: Db): Promise<Map<string, { scope: string; name: string }[]>> {
  const rows = await db
    .select({ id: formerNames.id, scope: formerNames.scope, name: formerNames.name })
    .from(formerNames)
    .where(eq(formerNames.kind, 'service'))
  return Map.groupBy(rows, (row) => row.id)
}

/** Only those whose maker is still on the team, and machines'. */
export async function tokenEntities(db: Db, ids: Ids): Promise<Found<'tokens'>> {
  const rows = await db
    .select({ token: tokens, user: users, role: members.role })
    .from(tokens)
    .leftJoin(users, eq(users.id, tokens.userId))
    .leftJoin(members, and(eq(members.teamId, tokens.teamId), eq(members.userId, tokens.userId)))
    .where(
      and(
        or(isNotNull(members.role), isNotNull(tokens.role)),
        isNull(tokens.revokedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, Date.now())),
        ids ? inArray(tokens.id, [...ids]) : undefined,
      ),
    )
  return collect(
    ids,
    rows.map((row) => ({ id: row.token.id, ...row })),
    ({ token, user, role }) => ({
      id: token.id,
      hash: token.hash,
      teamId: token.teamId,
      personId: token.userId ?? token.id,
      email: user && confirmedEmail(user),
      ...(user === null && { machine: token.name }),
      environmentId: token.environmentId,
      mayCall: mayDo('service.call', {
        signedIn: true,
        operator: false,
        role: role ?? token.role ?? undefined,
        scope: token.scope,
      }),
      scope: token.scope,
      expiresAt: token.expiresAt,
    }),
  )
}

async function formerOf(db: Db, kind: 'team' | 'environment'): Promise<Map<string, string[]>> {
  const byId = new Map<string, string[]>()
  for (const row of await db.select().from(formerNames).where(eq(formerNames.kind, kind))) {
    byId.set(row.id, [...(byId.get(row.id) ?? []), row.name])
  }
  return byId
}

function collect<Row extends { id: string }, T>(
  ids: Ids,
  rows: Row[],
  entity: (row: Row) => T | null,
): Record<string, T | null> {
  const found: Record<string, T | null> = {}
  for (const id of ids ?? []) found[id] = null
  for (const row of rows) {
    const made = entity(row)
    if (made !== null || ids !== undefined) found[row.id] = made
  }
  return found
}
