import { and, eq, isNull } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { maxDepth } from '#contract/routing.ts'
import type { Transaction } from '#db/open.ts'
import { environments, teams } from '#db/schema.ts'
import type { EnvironmentRow } from './environments.ts'

interface Node {
  id: string
  name: string
  parentId: string | null
}

/** Those of a team that are there, for a transaction that changes the tree: no other one does so at the same time. */
export async function lockTree(tx: Transaction, teamId: string): Promise<EnvironmentRow[]> {
  await tx.select({ id: teams.id }).from(teams).where(eq(teams.id, teamId)).for('no key update')
  return tx
    .select()
    .from(environments)
    .where(and(eq(environments.teamId, teamId), isNull(environments.deletedAt)))
}

/** Names of those whose parent it is. */
export function childrenOf(tree: readonly Node[], environmentId: string): string[] {
  return tree
    .filter(({ parentId }) => parentId === environmentId)
    .map(({ name }) => name)
    .sort()
}

/**
 * Whether an environment, with all that stems from it, may have this parent: nothing stems from itself, and nobody is
 * deeper than a look-up goes. One that is not in the tree yet comes alone.
 * @throws PlatformError at the field `from`
 */
export function requirePlace(tree: readonly Node[], { id, name, parentId }: Node): void {
  const above = chain(tree, parentId)
  const parent = above[0]
  if (parent === undefined)
    throw new PlatformError('not_found', 'the parent environment does not exist', {
      field: 'from',
      fix: 'List them with `m3o env list`.',
    })
  if (above.some((one) => one.id === id)) {
    throw new PlatformError(
      'conflict',
      parent.id === id
        ? `${name} cannot be its own parent`
        : `${name} is an ancestor of ${parent.name}, so ${parent.name} cannot be its parent`,
      {
        field: 'from',
        fix: `Choose an environment that does not inherit from ${name}.`,
      },
    )
  }
  const below = heightOf(tree, id)
  if (above.length + below <= maxDepth) return
  const deep =
    below > 1
      ? `${name} has environments under it ${below - 1} deep, and ${parent.name} is at level ${above.length}`
      : `${parent.name} is at level ${above.length}`
  throw new PlatformError('bad_request', `environments nest at most ${maxDepth} deep: ${deep}`, {
    field: 'from',
    fix: 'Choose a parent nearer to production.',
    data: { maxDepth, parents: above.map((one) => one.name) },
  })
}

/** It and its parents, nearest first. */
function chain(tree: readonly Node[], id: string | null): Node[] {
  const byId = new Map(tree.map((node) => [node.id, node]))
  const found: Node[] = []
  for (
    let at = id === null ? undefined : byId.get(id);
    at !== undefined && found.length < tree.length;
    at = at.parentId === null ? undefined : byId.get(at.parentId)
  )
    found.push(at)
  return found
}

/** Levels that it takes with all that stems from it: 1 for one alone. */
function heightOf(tree: readonly Node[], id: string): number {
  const children = Map.groupBy(tree, ({ parentId }) => parentId)
  let height = 0
  for (let level = [id]; level.length > 0 && height <= tree.length; height++)
    level = level.flatMap((one) => (children.get(one) ?? []).map((child) => child.id))
  return height
}
