import { eq } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { deployments } from '#db/schema.ts'
import { sealedVariables } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'
import { emptyTree } from '../source/objects.ts'
import type { Values } from '../variables/variables.ts'
import type { DeploymentRow } from './record.ts'

/** Code and variables of a deployment against what served before it; of a secret only that it changed. */
export async function diffDeployment(platform: Platform, row: DeploymentRow | undefined) {
  if (!row) throw new PlatformError('not_found', 'there is no such deployment')
  const beforeId = row.previousId ?? platform.places.get(row)?.plan.deploymentId ?? null
  const [before] = beforeId === null || beforeId === row.id ? [] : await platform.db.select().from(deployments).where(eq(deployments.id, beforeId))
  const files = await platform.source.history.diff({ serviceId: row.serviceId, from: before?.commit ?? emptyTree, to: row.commit })
  return {
    from: before?.commit ?? null,
    to: row.commit,
    files: files.map(({ path, status, from = null, oldHash, newHash, binary, added, removed }) => ({
      path, from, oldHash, newHash, binary, added, removed, change: status === 'type' ? ('modified' as const) : status,
    })),
    variables: diffValues(valuesOf(platform, before), valuesOf(platform, row)),
  }
}

function valuesOf({ seal }: Platform, row: DeploymentRow | undefined): Values {
  return row?.variables ? (JSON.parse(seal.open(row.variables, sealedVariables(row.id))) as Values) : {}
}

function diffValues(before: Values, after: Values) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name) => {
    const [old, now] = [before[name], after[name]]
    if (old?.value === now?.value && old?.secret === now?.secret) return []
    const change = old === undefined ? ('added' as const) : now === undefined ? ('deleted' as const) : ('modified' as const)
    const secret = Boolean(old?.secret || now?.secret)
    return [{ name, change, secret, before: secret ? null : old?.value ?? null, after: secret ? null : now?.value ?? null }]
  })
}
