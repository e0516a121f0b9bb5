import { and, eq, gt, inArray, isNotNull, isNull, or } from 'drizzle-orm'
import { idleLifeMs } from '#contract/environment-life.ts'
import { mayDo } from '#contract/permissions.ts'
import type { Routed } from '#contract/routing.ts'
import type { Db } from '#db/open.ts'
import { environments, formerNames, members, services, teams, tokens, users } from '#db/schema.ts'

/** Entities of the routing table as the database has them; an id without a row (or a deleted one) is null. */
type Found<K extends keyof Routed> = Record<string, Routed[K] | null>

/** Of `ids`, or all when absent. */
type Ids = readonly string[] | undefined

export async function teamEntities(db: Db, ids: Ids): Promise<Found<'teams'>> {
  const rows = await db.select().from(teams).where(ids ? inArray(teams.id, [...ids]) : isNull(teams.deletedAt))
  const former = await formerOf(db, 'team')
  return collect(ids, rows, (row) => (row.deletedAt === null ? { id: row.id, name: row.name, formerNames: former.get(row.id) ?? [] } : null))
}

/** Deleted ones stay, as gone, for as long as nobody else takes the name: their calls must not fall through in silence. */
export async function environmentEntities(db: Db, ids: Ids): Promise<Found<'environments'>> {
  const rows = await db.select().from(environments).where(ids ? inArray(environments.id, [...ids]) : undefined)
  const former = await formerOf(db, 'environment')
  return collect(ids, rows, (row) => ({
    id: row.id, teamId: row.teamId, name: row.name, formerNames: former.get(row.id) ?? [], parentId: row.parentId, generation: row.generation,
    ...(row.deletedAt === null ? { gone: null } : row.expired
      ? { gone: `the environment ${row.name} expired: it was not used for ${idleLifeMs / 3_600_000} hours`, goneBy: 'expired' as const }
      : { gone: `the environment ${row.name} was deleted`, goneBy: 'deleted' as const }),
  }))
}

export async function serviceEntities(db: Db, ids: Ids): Promise<Found<'services'>> {
  const rows = await db.select().from(services).where(ids ? inArray(services.id, [...ids]) : isNull(services.deletedAt))
  const former = await formerOf(db, 'service')
  return collect(ids, rows, (row) =>
    row.deletedAt === null ? { id: row.id, teamId: row.teamId, name: row.name, formerNames: former.get(row.id) ?? [], audience: row.audience } : null)
}

/** Only those whose maker is still on the team, and machines'. */
export async function tokenEntities(db: Db, ids: Ids): Promise<Found<'tokens'>> {
  const rows = await db.select({ token: tokens, email: users.email, role: members.role }).from(tokens)
    .leftJoin(users, eq(users.id, tokens.userId))
    .leftJoin(members, and(eq(members.teamId, tokens.teamId), eq(members.userId, tokens.userId)))
    .where(and(or(isNotNull(members.role), isNotNull(tokens.role)), isNull(tokens.revokedAt), or(isNull(tokens.expiresAt), gt(tokens.expiresAt, Date.now())), ids ? inArray(tokens.id, [...ids]) : undefined))
  return collect(ids, rows.map((row) => ({ id: row.token.id, ...row })), ({ token, email, role }) => ({
    id: token.id, hash: token.hash, teamId: token.teamId, personId: token.userId ?? token.id, email: email ?? token.name, environmentId: token.environmentId,
    mayCall: mayDo('service.call', { signedIn: true, operator: false, role: role ?? token.role ?? undefined, scope: token.scope }), scope: token.scope, expiresAt: token.expiresAt,
  }))
}

async function formerOf(db: Db, kind: 'team' | 'environment' | 'service'): Promise<Map<string, string[]>> {
  const byId = new Map<string, string[]>()
  for (const row of await db.select().from(formerNames).where(eq(formerNames.kind, kind))) {
    byId.set(row.id, [...(byId.get(row.id) ?? []), row.name])
  }
  return byId
}

function collect<Row extends { id: string }, T>(ids: Ids, rows: Row[], entity: (row: Row) => T | null): Record<string, T | null> {
  const found: Record<string, T | null> = {}
  for (const id of ids ?? []) found[id] = null
  for (const row of rows) {
    const made = entity(row)
    if (made !== null || ids !== undefined) found[row.id] = made
  }
  return found
}
