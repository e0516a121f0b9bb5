import { and, desc, eq, gt, inArray, isNotNull, isNull } from 'drizzle-orm'
import { doesExpire, idleLifeMs, undoMs } from '#contract/environment-life.ts'
import { PlatformError } from '#contract/errors.ts'
import type { DepartedEnvironment, Environment } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Db, Transaction } from '#db/open.ts'
import { environments, services } from '#db/schema.ts'
import { claimName } from '../access/names.ts'
import { audited } from '../audit/audit.ts'
import type { Deployments } from '../deployments/deployments.ts'
import type { Platform } from '../platform.ts'
import { branchOf, describe, type EnvironmentRow, readEnvironment } from './environments.ts'
import { childrenOf, lockTree, requirePlace } from './tree.ts'

/*
 * How an environment goes and comes back. While it is gone, `expiresAt` of its row is when it is purged, and null once it
 * was; what it had (releases, variables, data, logs, branches) stays until then.
 */

export type Going = Platform & { deployments: Deployments }

/**
 * It is gone once its row says so: routes first, then what is under way, then its instances. Refused while others stem
 * from it.
 */
export async function departEnvironment(
  platform: Going,
  actor: Actor,
  environmentId: string,
  { expired, now }: { expired: boolean; now: number },
): Promise<void> {
  const { db, routing, events } = platform
  const row = await findRow(platform, environmentId)
  if (row.kind === 'production')
    throw new PlatformError('bad_request', 'production cannot be deleted', { fix: 'Delete the team instead.' })
  const change = {
    teamId: row.teamId,
    action: expired ? 'environment.expire' : 'environment.delete',
    target: `environment ${row.name}`,
    before: { name: row.name, kind: row.kind },
  }
  await audited(db, actor, change, async (tx) => {
    const tree = await lockTree(tx, row.teamId)
    const children = childrenOf(tree, environmentId)
    if (children.length > 0) {
      throw new PlatformError('conflict', `${row.name} is the parent of ${children.join(', ')}`, {
        fix: `Delete ${children.length === 1 ? 'it' : 'them'} first, or move ${children.length === 1 ? 'it' : 'them'} with \`m3o env move\`.`,
        data: { children },
      })
    }
    if (!tree.some(({ id }) => id === environmentId))
      throw new PlatformError('environment_gone', `${row.name} was already deleted`, {
        fix: 'List environments with `m3o env list`.',
      })
    await tx
      .update(environments)
      .set({ deletedAt: now, expired, expiresAt: now + undoMs })
      .where(eq(environments.id, environmentId))
  })
  await routing.refresh({ environments: [environmentId] })
  events.emit({ type: 'environment', teamId: row.teamId, environmentId })
  // It is gone, whatever comes of the rest: a start of the runtime does it again.
  await empty(platform, { ...row, expired }).catch((error: unknown) =>
    platform.log.error({ err: error, environment: environmentId }, 'an environment that is gone could not be emptied'),
  )
}

async function empty(platform: Going, row: EnvironmentRow): Promise<void> {
  await platform.deployments.endIn(row.id, `the environment ${row.name} ${row.expired ? 'expired' : 'was deleted'}`)
  await platform.places.suspend(row.id)
  await parkBranches(platform, row)
}

/** Unless somebody else has the name by now. A preview's branch is its pusher's own. */
export async function parkBranches(platform: Pick<Platform, 'db' | 'source'>, row: EnvironmentRow): Promise<void> {
  if (row.branch !== null || (await livingNamed(platform, row))) return
  for (const serviceId of await servicesOf(platform, row.teamId))
    await platform.source.branches.park({ serviceId, branch: branchOf(row), environmentId: row.id })
}

/** As it was, with its own copies, under the parent that it had. @throws PlatformError with what is in the way */
export async function restoreEnvironment(
  platform: Going,
  actor: Actor,
  environmentId: string,
  now: number,
): Promise<Environment> {
  const { db, source, places, routing, events } = platform
  const row = await findRow(platform, environmentId)
  if (row.deletedAt === null)
    throw new PlatformError('not_in_this_state', `${row.name} is not deleted`, { fix: 'There is nothing to restore.' })
  if (row.expiresAt === null || row.expiresAt <= now) throw tooLate(row)
  if (await livingNamed(platform, row))
    throw new PlatformError('name_taken', `another environment is now named ${row.name}`, {
      field: 'name',
      fix: 'Delete that one first.',
    })
  // Before the row says that it is back: a kill between leaves it gone, and parks them again.
  if (row.branch === null)
    for (const serviceId of await servicesOf(platform, row.teamId))
      await source.branches.unpark({ serviceId, branch: branchOf(row), environmentId })
  try {
    await audited(
      db,
      actor,
      {
        teamId: row.teamId,
        action: 'environment.restore',
        target: `environment ${row.name}`,
        after: { name: row.name, kind: row.kind },
      },
      async (tx) => {
        const tree = await lockTree(tx, row.teamId)
        requireParent(tree, row, await findRow({ db: tx }, row.parentId ?? ''))
        requirePlace(tree, row)
        await claimName(tx, { kind: 'environment', scope: row.teamId, name: row.name, id: environmentId }, async () => {
          const back = await tx
            .update(environments)
            .set({ deletedAt: null, expired: false, expiresAt: doesExpire(row.kind) ? now + idleLifeMs : null })
            .where(and(eq(environments.id, environmentId), gt(environments.expiresAt, now)))
            .returning({ id: environments.id })
          if (back.length === 0) throw tooLate(row)
        })
      },
    )
  } catch (error) {
    await parkBranches(platform, row)
    throw error
  }
  // Its own copies are routed before it is: no call falls through to the parent's.
  await places.resume(environmentId)
  await routing.refresh({ environments: [environmentId] })
  events.emit({ type: 'environment', teamId: row.teamId, environmentId })
  return readEnvironment(platform, environmentId)
}

const tooLate = ({ name }: EnvironmentRow) =>
  new PlatformError('environment_gone', `${name} was deleted more than a day ago and cannot be restored`, {
    fix: `Create it anew: m3o env create ${name}.`,
  })

function requireParent(tree: readonly EnvironmentRow[], row: EnvironmentRow, parent: EnvironmentRow): void {
  if (tree.some(({ id }) => id === parent.id)) return
  throw new PlatformError('conflict', `its parent ${parent.name} was deleted too`, {
    fix: `Restore ${parent.name} first: m3o env restore ${parent.name}.`,
    data: { parent: parent.name },
  })
}

/** Those of a team that can come back, the latest first. */
export async function listDeparted(
  { db }: Pick<Platform, 'db'>,
  teamId: string,
  now: number,
): Promise<DepartedEnvironment[]> {
  const rows = await db
    .select()
    .from(environments)
    .where(and(eq(environments.teamId, teamId), isNotNull(environments.deletedAt), gt(environments.expiresAt, now)))
    .orderBy(desc(environments.deletedAt))
  const parents = await db
    .select()
    .from(environments)
    .where(
      inArray(
        environments.id,
        rows.flatMap((row) => row.parentId ?? []),
      ),
    )
  const described = await describe(db, rows, new Map(parents.map((parent) => [parent.id, parent])))
  return described.map(({ id, name, kind, owner, parent, overrides, protection, letIn }, at) => {
    const row = rows[at] as EnvironmentRow // one described for each row
    return {
      id,
      teamId,
      name,
      kind,
      owner,
      parent,
      overrides,
      protection,
      letIn,
      departedAt: row.deletedAt ?? 0,
      expired: row.expired,
      until: row.expiresAt ?? 0,
    }
  })
}

async function findRow({ db }: { db: Db | Transaction }, environmentId: string): Promise<EnvironmentRow> {
  const [row] = await db.select().from(environments).where(eq(environments.id, environmentId))
  if (!row)
    throw new PlatformError('not_found', 'this environment does not exist', { fix: 'List them with `m3o env list`.' })
  return row
}

async function livingNamed({ db }: Pick<Platform, 'db'>, { teamId, name }: EnvironmentRow): Promise<boolean> {
  const found = await db
    .select({ id: environments.id })
    .from(environments)
    .where(and(eq(environments.teamId, teamId), eq(environments.name, name), isNull(environments.deletedAt)))
  return found.length > 0
}

async function servicesOf({ db }: Pick<Platform, 'db'>, teamId: string): Promise<string[]> {
  const rows = await db
    .select({ id: services.id })
    .from(services)
    .where(and(eq(services.teamId, teamId), isNull(services.deletedAt)))
  return rows.map(({ id }) => id)
}
