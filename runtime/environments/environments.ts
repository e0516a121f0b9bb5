import { and, eq, gt, inArray, isNotNull, isNull, ne, sql } from 'drizzle-orm'
import { maxEnvironmentsOfTeam } from '#contract/bounds.ts'
import { doesExpire, idleLifeMs } from '#contract/environment-life.ts'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import { environmentName } from '#contract/names.ts'
import type { Environment } from '#contract/records.ts'
import { maxDepth } from '#contract/routing.ts'
import type { Actor } from '#contract/rpc.ts'
import { once } from '#db/once.ts'
import type { Db, Transaction } from '#db/open.ts'
import { environments, releases, services, users } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import { claimName, parseName } from '../access/names.ts'
import { chainIds } from './chain-ids.ts'
import { pinnedServices } from './pinned.ts'
import { shownProtections } from './protection.ts'
import { personOf } from '../people/person.ts'
import type { Platform } from '../platform.ts'
import { lockTree, requirePlace } from './tree.ts'

export type EnvironmentRow = typeof environments.$inferSelect

/** All of a team, production first, each after its parent. */
export async function listEnvironments({ db }: Platform, teamId: string): Promise<Environment[]> {
  const rows = await db
    .select()
    .from(environments)
    .where(and(eq(environments.teamId, teamId), isNull(environments.deletedAt)))
  const byId = new Map(rows.map((row) => [row.id, row]))
  const depths = new Map(rows.map((row) => [row.id, chainOf(byId, row).length]))
  const all = await describe(db, rows, byId)
  return all.sort((a, b) => (depths.get(a.id) ?? 0) - (depths.get(b.id) ?? 0) || a.name.localeCompare(b.name))
}

/** @throws PlatformError `environment_gone` */
export async function readEnvironment({ db }: Pick<Platform, 'db'>, environmentId: string): Promise<Environment> {
  const chain = await environmentChain(db, environmentId)
  const [found] = await describe(db, chain.slice(0, 1), new Map(chain.map((row) => [row.id, row])))
  return found as Environment // one row in, one out
}

/** As people see them. `known`: rows by id, their parents' among them. */
export async function describe(
  db: Db,
  rows: readonly EnvironmentRow[],
  known: ReadonlyMap<string, EnvironmentRow>,
): Promise<Environment[]> {
  const own = await db
    .select({
      environmentId: releases.environmentId,
      serviceId: services.id,
      service: services.name,
      commit: releases.commit,
    })
    .from(releases)
    .innerJoin(services, eq(services.id, releases.serviceId))
    .where(
      and(
        inArray(
          releases.environmentId,
          rows.map((row) => row.id),
        ),
        isNull(services.deletedAt),
      ),
    )
    .orderBy(services.name)
  const pins = await pinnedServices(
    db,
    rows.filter((row) => row.pinned).map((row) => row.id),
  )
  const protections = await shownProtections(db, rows)
  const owners = await db
    .select()
    .from(users)
    .where(
      inArray(
        users.id,
        rows.flatMap((row) => [...(row.ownerId === null ? [] : [row.ownerId]), ...row.letIn]),
      ),
    )
  const ownerOf = new Map(owners.map((user) => [user.id, personOf(user)]))
  const ownOf = Map.groupBy(own, (release) => release.environmentId)
  return rows.map((row) => ({
    id: row.id,
    teamId: row.teamId,
    name: row.name,
    kind: row.kind,
    owner: (row.ownerId !== null && ownerOf.get(row.ownerId)) || null,
    parent: row.parentId === null ? null : (known.get(row.parentId)?.name ?? null),
    generation: row.generation,
    overrides: (ownOf.get(row.id) ?? [])
      .filter(({ serviceId }) => !pins.get(row.id)?.has(serviceId))
      .map(({ serviceId, service, commit }) => ({ serviceId, service, revision: commit.slice(0, 7) })),
    laptops: [],
    pinned: row.pinned
      ? { services: pins.get(row.id)?.size ?? 0, since: latest(pins.get(row.id)?.values() ?? []) }
      : null,
    protection: protections.get(row.id) ?? null,
    letIn: row.letIn.flatMap((id) => ownerOf.get(id) ?? []),
    createdAt: row.createdAt,
    expires: row.expiresAt,
    usedAt: row.expiresAt === null ? null : row.expiresAt - idleLifeMs,
    branch: row.branch,
    editing: [],
  }))
}

const latest = (times: Iterable<number>): number | null =>
  [...times].reduce<number | null>((most, at) => Math.max(most ?? at, at), null)

const ofChain = once((db) =>
  db
    .select()
    .from(environments)
    .where(inArray(environments.id, chainIds(sql.placeholder('environmentId'))))
    .prepare('chain'),
)

/** The environment and its parents, nearest first. */
export async function environmentChain(db: Db, environmentId: string): Promise<EnvironmentRow[]> {
  const all = await ofChain(db).execute({ environmentId })
  const row = all.find((one) => one.id === environmentId)
  if (!row || row.deletedAt !== null) {
    throw new PlatformError(
      'environment_gone',
      `the environment ${row?.name ?? environmentId} ${row?.expired ? 'expired' : 'was deleted'}`,
      {
        fix: 'Choose another one, or restore it with `m3o env restore`.',
        data: { reason: row?.expired ? 'expired' : 'deleted' },
      },
    )
  }
  return chainOf(new Map(all.map((other) => [other.id, other])), row)
}

function chainOf(byId: ReadonlyMap<string, EnvironmentRow>, start: EnvironmentRow): EnvironmentRow[] {
  const chain: EnvironmentRow[] = []
  for (let at: EnvironmentRow | undefined = start; at !== undefined && chain.length < maxDepth;) {
    chain.push(at)
    at = at.parentId === null ? undefined : byId.get(at.parentId)
  }
  return chain
}

/** Branch of a service's repository that an environment is bound to. */
export const branchOf = (environment: EnvironmentRow): string =>
  environment.branch ?? (environment.kind === 'production' ? 'main' : environment.name)

export interface NewEnvironment {
  teamId: string
  name: string
  kind?: Environment['kind'] | undefined
  parentId: string | null
  ownerId: string
  /** Of a preview: the branch that it shows. */
  branch?: string
}

/** The name of somebody's own environment stays theirs for as long as it can come back. */
async function requireNotKept(tx: Transaction, { teamId, name, ownerId }: EnvironmentRow, now: number): Promise<void> {
  const [kept] = await tx
    .select({ until: environments.expiresAt })
    .from(environments)
    .where(
      and(
        eq(environments.teamId, teamId),
        eq(environments.name, name),
        eq(environments.kind, 'personal'),
        isNotNull(environments.deletedAt),
        gt(environments.expiresAt, now),
        isNotNull(environments.ownerId),
        ne(environments.ownerId, ownerId ?? ''),
      ),
    )
    .limit(1)
  if (kept === undefined) return
  throw new PlatformError(
    'name_taken',
    `an environment ${name} of someone else was deleted, and can be restored until ${new Date(kept.until ?? now).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    {
      field: 'name',
      fix: 'Choose another name until then.',
    },
  )
}

/** One durable row and one change of the routing table; starts nothing. */
export async function createEnvironment(
  platform: Platform,
  actor: Actor,
  input: NewEnvironment,
  now = Date.now(),
): Promise<Environment> {
  const { teamId, ownerId } = input
  const name = parseName(environmentName, input.name)
  const kind = input.kind ?? 'personal'
  if (kind === 'production') {
    throw new PlatformError('bad_request', 'a team has one production environment', {
      field: 'kind',
      fix: 'Choose shared, personal or preview.',
    })
  }
  const row: EnvironmentRow = {
    id: newId('environment'),
    teamId,
    name,
    kind,
    parentId: input.parentId,
    ownerId,
    generation: 0,
    branch: input.branch ?? null,
    pinned: false,
    protection: null,
    letIn: [],
    expired: false,
    createdAt: now,
    expiresAt: doesExpire(kind) ? now + idleLifeMs : null,
    deletedAt: null,
  }
  const change = {
    teamId,
    action: 'environment.create',
    target: `environment ${name}`,
    after: { name, kind, parent: '' },
  }
  await audited(platform.db, actor, change, async (tx) => {
    const tree = await lockTree(tx, teamId)
    if (tree.length >= maxEnvironmentsOfTeam) {
      throw new PlatformError(
        'forbidden',
        `the limit of ${maxEnvironmentsOfTeam.toLocaleString('en')} environments in this team is reached`,
        { fix: 'Delete those that nobody needs: m3o env delete NAME.' },
      )
    }
    row.parentId ??= tree.find((one) => one.kind === 'production')?.id ?? null
    requirePlace(tree, row)
    await requireNotKept(tx, row, now)
    change.after.parent = tree.find((one) => one.id === row.parentId)?.name ?? ''
    await claimName(tx, { kind: 'environment', scope: teamId, name, id: row.id }, () =>
      tx.insert(environments).values(row),
    )
  })
  await platform.routing.refresh({ environments: [row.id] })
  platform.events.emit({ type: 'environment', teamId, environmentId: row.id })
  return readEnvironment(platform, row.id)
}
