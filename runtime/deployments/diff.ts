import { and, desc, eq, lt } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Db } from '#db/open.ts'
import { deployments } from '#db/schema.ts'
import { sealedVariables } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'
import { emptyTree } from '../source/objects.ts'
import type { Values } from '../variables/variables.ts'
import type { DeploymentRow } from './record.ts'

/**
 * Code and variables of a deployment compared with what it replaced, or, where it never became live, would have replaced. Of a
 * secret only that it changed. A first override replaces the inherited revision: then the variables are its parent's, and
 * are not compared.
 */
export async function diffDeployment(platform: Platform, row: DeploymentRow | undefined) {
  if (!row) throw new PlatformError('not_found', 'this deployment does not exist')
  const before = await replacedBy(platform.db, row)
  const inherited = before !== undefined && before.environmentId !== row.environmentId
  const files = await platform.source.history.diff({
    serviceId: row.serviceId,
    from: before?.commit ?? emptyTree,
    to: row.commit,
  })
  return {
    from: before?.commit ?? null,
    to: row.commit,
    inheritedFrom: inherited
      ? (platform.routing.table.environments[before.environmentId]?.name ?? 'a deleted environment')
      : null,
    files: files.map(({ path, status, from = null, oldHash, newHash, binary, added, removed }) => ({
      path,
      from,
      oldHash,
      newHash,
      binary,
      added,
      removed,
      change: status === 'type' ? ('modified' as const) : status,
    })),
    // One that failed early has no variables yet: that is no change of them.
    variables:
      inherited || row.variables === null ? [] : diffValues(valuesOf(platform, before), valuesOf(platform, row)),
  }
}

async function replacedBy(db: Db, row: DeploymentRow): Promise<DeploymentRow | undefined> {
  const id = row.previousId ?? row.replacesId
  if (id !== null) return (await db.select().from(deployments).where(eq(deployments.id, id)))[0]
  // One that became live with nothing before it was the first. Of an older attempt that did not, nothing was recorded.
  if (row.liveAt !== null) return undefined
  const [before] = await db
    .select()
    .from(deployments)
    .where(
      and(
        eq(deployments.serviceId, row.serviceId),
        eq(deployments.environmentId, row.environmentId),
        eq(deployments.state, 'live'),
        lt(deployments.liveAt, row.endedAt ?? row.createdAt),
      ),
    )
    .orderBy(desc(deployments.liveAt))
    .limit(1)
  return before
}

function valuesOf({ seal }: Platform, row: DeploymentRow | undefined): Values {
  return row?.variables ? (JSON.parse(seal.open(row.variables, sealedVariables(row.id))) as Values) : {}
}

function diffValues(before: Values, after: Values) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name) => {
    const [old, now] = [before[name], after[name]]
    if (old?.value === now?.value && old?.secret === now?.secret) return []
    const change =
      old === undefined ? ('added' as const) : now === undefined ? ('deleted' as const) : ('modified' as const)
    const secret = Boolean(old?.secret || now?.secret)
    return [
      {
        name,
        change,
        secret,
        before: secret ? null : (old?.value ?? null),
        after: secret ? null : (now?.value ?? null),
      },
    ]
  })
}
