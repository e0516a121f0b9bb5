import { eq } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Environment } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { environments } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import type { Platform } from '../platform.ts'
import { environmentChain, type EnvironmentRow, readEnvironment } from './environments.ts'
import { lockTree, requirePlace } from './tree.ts'

/**
 * To another parent, with all that stems from it: from then on what it inherits is that one's. Calls that are under way
 * are answered by what serves now: its generation grows past all that it counted under its old parents.
 */
export async function moveEnvironment(
  platform: Platform,
  actor: Actor,
  { environmentId, parentId }: { environmentId: string; parentId: string },
): Promise<Environment> {
  const [row] = await environmentChain(platform.db, environmentId)
  if (row === undefined || row.parentId === null) {
    throw new PlatformError(
      'bad_request',
      `${row?.name ?? 'production'} is the root of all environments and cannot be moved`,
      {
        field: 'from',
        fix: 'Move another environment.',
      },
    )
  }
  if (row.parentId === parentId) return readEnvironment(platform, environmentId)
  const { teamId, name } = row
  const change = {
    teamId,
    action: 'environment.move',
    target: `environment ${name}`,
    before: { parent: '' },
    after: { parent: '' },
  }
  await audited(platform.db, actor, change, async (tx) => {
    const tree = await lockTree(tx, teamId)
    requirePlace(tree, { id: environmentId, name, parentId })
    const nameOf = (id: string | null) => tree.find((one) => one.id === id)?.name ?? ''
    const own = tree.find((one) => one.id === environmentId)
    change.before.parent = nameOf(own?.parentId ?? null)
    change.after.parent = nameOf(parentId)
    const past = counted(tree, own?.parentId ?? null) - counted(tree, parentId)
    await tx
      .update(environments)
      .set({ parentId, generation: (own?.generation ?? 0) + Math.max(0, past) + 1 })
      .where(eq(environments.id, environmentId))
  })
  await platform.routing.refresh({ environments: [environmentId] })
  platform.events.emit({ type: 'environment', teamId, environmentId })
  return readEnvironment(platform, environmentId)
}

/** Generations of an environment and its parents, as the gateway counts them together. */
function counted(tree: readonly EnvironmentRow[], id: string | null): number {
  const at = tree.find((one) => one.id === id)
  return at === undefined ? 0 : at.generation + counted(tree, at.parentId)
}
