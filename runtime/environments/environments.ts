import { and, eq, inArray, isNull } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import { environmentName } from '#contract/names.ts'
import type { Environment } from '#contract/records.ts'
import { maxDepth } from '#contract/routing.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Db } from '#db/open.ts'
import { environments, releases, services, users } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import { claimName, parseName } from '../access/names.ts'
import { pinnedServices } from './pinned.ts'
import { shownProtections } from './protection.ts'
import type { Platform } from '../platform.ts'

export type EnvironmentRow = typeof environments.$inferSelect

const idleLifeMs = 72 * 3_600_000

/** All of a team, production first, each after its parent. */
export async function listEnvironments({ db }: Platform, teamId: string): Promise<Environment[]> {
  const rows = await db.select().from(environments).where(and(eq(environments.teamId, teamId), isNull(environments.deletedAt)))
  const own = await db
    .select({ environmentId: releases.environmentId, serviceId: services.id, service: services.name, commit: releases.commit })
    .from(releases)
    .innerJoin(services, eq(services.id, releases.serviceId))
    .where(and(inArray(releases.environmentId, rows.map((row) => row.id)), isNull(services.deletedAt)))
    .orderBy(services.name)
  const pins = await pinnedServices(db, rows.filter((row) => row.pinned).map((row) => row.id))
  const protections = await shownProtections(db, rows)
  const owners = await db.select().from(users).where(inArray(users.id, rows.flatMap((row) => row.ownerId ?? [])))
  const byId = new Map(rows.map((row) => [row.id, row]))
  return rows
    .map((row): Environment & { depth: number } => {
      const owner = owners.find((user) => user.id === row.ownerId)
      return {
        id: row.id,
        teamId,
        name: row.name,
        kind: row.kind,
        owner: owner ? { id: owner.id, name: owner.name, email: owner.email } : null,
        parent: row.parentId === null ? null : byId.get(row.parentId)?.name ?? null,
        generation: row.generation,
        overrides: own
          .filter((release) => release.environmentId === row.id && !pins.get(row.id)?.has(release.serviceId))
          .map(({ serviceId, service, commit }) => ({ serviceId, service, revision: commit.slice(0, 7) })),
        pinned: row.pinned ? { services: pins.get(row.id)?.size ?? 0, since: latest(pins.get(row.id)?.values() ?? []) } : null,
        protection: protections.get(row.id) ?? null,
        createdAt: row.createdAt,
        expires: row.expiresAt,
        depth: chainOf(byId, row).length,
      }
    })
    .sort((a, b) => a.depth - b.depth || a.name.localeCompare(b.name))
    .map(({ depth: _, ...environment }) => environment)
}

const latest = (times: Iterable<number>): number | null => [...times].reduce<number | null>((most, at) => Math.max(most ?? at, at), null)

/** The environment and its parents, nearest first. */
export async function environmentChain(db: Db, environmentId: string): Promise<EnvironmentRow[]> {
  const [row] = await db.select().from(environments).where(eq(environments.id, environmentId))
  if (!row || row.deletedAt !== null) {
    throw new PlatformError('environment_gone', `the environment ${row?.name ?? environmentId} was deleted`, { fix: 'Choose another one.' })
  }
  const all = await db.select().from(environments).where(eq(environments.teamId, row.teamId))
  return chainOf(new Map(all.map((other) => [other.id, other])), row)
}

function chainOf(byId: ReadonlyMap<string, EnvironmentRow>, start: EnvironmentRow): EnvironmentRow[] {
  const chain: EnvironmentRow[] = []
  for (let at: EnvironmentRow | undefined = start; at !== undefined && chain.length < maxDepth; ) {
    chain.push(at)
    at = at.parentId === null ? undefined : byId.get(at.parentId)
  }
  return chain
}

/** Branch of a service's repository that an environment is bound to. */
export const branchOf = (environment: EnvironmentRow): string => (environment.kind === 'production' ? 'main' : environment.name)

export interface NewEnvironment {
  teamId: string
  name: string
  kind?: Environment['kind'] | undefined
  parentId: string | null
  ownerId: string
}

/** One durable row and one change of the routing table; starts nothing. */
export async function createEnvironment(platform: Platform, actor: Actor, input: NewEnvironment): Promise<Environment> {
  const name = parseName(environmentName, input.name)
  const parent = await parentFor(platform.db, input)
  const kind = input.kind ?? 'personal'
  if (kind === 'production') {
    throw new PlatformError('bad_request', 'a team has one production environment', { field: 'kind', fix: 'Choose shared, personal or preview.' })
  }
  const now = Date.now()
  const row: EnvironmentRow = {
    id: newId('environment'), teamId: input.teamId, name, kind, parentId: parent.id, ownerId: input.ownerId, generation: 0,
    branch: null, pinned: false, protection: null, expired: false,
    createdAt: now, expiresAt: kind === 'shared' ? null : now + idleLifeMs, deletedAt: null,
  }
  await audited(platform.db, actor, { teamId: input.teamId, action: 'environment.create', target: `environment ${name}`, after: { name, kind, parent: parent.name } }, async (tx) => {
    await claimName(tx, 'environment', input.teamId, name, () => tx.insert(environments).values(row))
  })
  await platform.routing.refresh({ environments: [row.id] })
  platform.events.emit({ type: 'environment', teamId: input.teamId, environmentId: row.id })
  const all = await listEnvironments(platform, input.teamId)
  return all.find((environment) => environment.id === row.id) as Environment // it was just written
}

async function parentFor(db: Db, input: NewEnvironment): Promise<EnvironmentRow> {
  const [parent] = await db
    .select()
    .from(environments)
    .where(and(
      eq(environments.teamId, input.teamId),
      isNull(environments.deletedAt),
      input.parentId === null ? eq(environments.kind, 'production') : eq(environments.id, input.parentId),
    ))
  if (!parent) throw new PlatformError('not_found', 'there is no such parent environment', { field: 'from', fix: 'List them with `m3o env list`.' })
  const depth = (await environmentChain(db, parent.id)).length
  if (depth >= maxDepth) {
    throw new PlatformError('bad_request', `environments nest at most ${maxDepth} deep`, { field: 'from', fix: 'Choose a parent nearer to production.' })
  }
  return parent
}

/** Routes go first, then its instances; refused while others have it for a parent. */
export async function deleteEnvironment(platform: Platform, actor: Actor, environmentId: string): Promise<void> {
  const [row] = await environmentChain(platform.db, environmentId)
  if (!row) return
  if (row.kind === 'production') throw new PlatformError('bad_request', 'production cannot be deleted', { fix: 'Delete the team instead.' })
  const children = await platform.db
    .select({ name: environments.name })
    .from(environments)
    .where(and(eq(environments.parentId, environmentId), isNull(environments.deletedAt)))
  if (children.length > 0) {
    const names = children.map((child) => child.name)
    throw new PlatformError('conflict', `${row.name} is the parent of ${names.join(', ')}`, { fix: 'Delete those first.', data: { children: names } })
  }
  await audited(platform.db, actor, { teamId: row.teamId, action: 'environment.delete', target: `environment ${row.name}`, before: { name: row.name, kind: row.kind } }, (tx) =>
    tx.update(environments).set({ deletedAt: Date.now() }).where(eq(environments.id, environmentId)))
  await platform.routing.refresh({ environments: [environmentId] })
  await platform.places.emptyEnvironment(environmentId)
  platform.events.emit({ type: 'environment', teamId: row.teamId, environmentId })
}
