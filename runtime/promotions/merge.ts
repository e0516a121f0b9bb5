import { eq } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Actor } from '#contract/rpc.ts'
import { users } from '#db/schema.ts'
import type { Deployments, Route } from '../deployments/deployments.ts'
import { branchOf, environmentChain } from '../environments/environments.ts'
import { authorOf } from '../people/person.ts'
import type { Platform } from '../platform.ts'
import { candidatesOf } from './candidates.ts'

/**
 * Brings what the parent serves into each of the environment's own copies that lacks it, and deploys the result there,
 * where it can be tried before it is promoted.
 * @throws PlatformError `conflict` naming whose change is in the way; `not_in_this_state` when none lacks anything
 */
export async function mergeParent(
  platform: Platform,
  deployments: Deployments,
  actor: Actor,
  input: { environmentId: string; serviceIds: readonly string[] | null; userId: string; route: Route },
) {
  const { from, into, all } = await candidatesOf(platform, input.environmentId, input.serviceIds)
  const lacking = all.filter(({ lacks }) => lacks)
  if (!into || lacking.length === 0) {
    throw new PlatformError(
      'not_in_this_state',
      into ? `${from.name} already contains the revisions that are live in ${into.name}` : `${from.name} has no parent`,
      { fix: 'Promote it without a merge.' },
    )
  }
  const [user] = await platform.db.select().from(users).where(eq(users.id, input.userId))
  const branches = (await environmentChain(platform.db, from.id)).map(branchOf)
  const message = `Merge ${into.name} into ${from.name}`
  const begun = []
  for (const { serviceId, service, there } of lacking) {
    if (!there) continue
    const { commit } = await platform.source.merges
      .into({ serviceId, branches, other: there.plan.commit, author: authorOf(user), message })
      .catch((error: unknown) => {
        throw error instanceof PlatformError
          ? new PlatformError(
              error.code,
              `${service}: ${error.message}`,
              { ...error.toJSON(), data: { ...error.data, service } },
              { cause: error },
            )
          : error
      })
    const row = await deployments.deploy(actor, { serviceId, environmentId: from.id }, commit, message, input.route)
    begun.push({ serviceId, service, deploymentId: row.id })
  }
  return begun
}
