import { inArray } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { PromotionItem } from '#contract/promotions.ts'
import { deployments as table } from '#db/schema.ts'
import type { Deployments } from '../deployments/deployments.ts'
import type { DeploymentRow } from '../deployments/record.ts'
import { environmentChain } from '../environments/environments.ts'
import type { Platform } from '../platform.ts'
import { changesSince } from './changes.ts'
import { type PromotionRow, readPromotion } from './record.ts'

/** What it takes to go back: each service to the deployment that served before, with the variables of that time; what had none goes. */
export async function wayBack(platform: Platform, deployments: Deployments, row: PromotionRow) {
  const { whyNotUndone, into: name } = await readPromotion(platform, row.id)
  const [into] = await environmentChain(platform.db, row.intoId)
  if (!into) throw new PlatformError('environment_gone', `${name} was deleted`)
  if (whyNotUndone !== null) {
    if (row.state !== 'live') throw new PlatformError('not_in_this_state', `it cannot be undone: ${whyNotUndone}`)
    const since = await changesSince(platform, into.id, into.generation - 1)
    throw new PlatformError('conflict', `it cannot be undone: ${whyNotUndone}`, {
      fix: 'Roll back the services one by one: m3o rollback SERVICE.',
      ...(since.data && { data: since.data }),
    })
  }
  const busy = row.items.find(({ serviceId }) => deployments.isUnderWay({ serviceId, environmentId: into.id }))
  if (busy)
    throw new PlatformError(
      'conflict',
      `${platform.routing.table.services[busy.serviceId]?.name} is being deployed to ${name}`,
      { fix: 'Wait until it is live, then try again.' },
    )
  const previousIds = row.items.flatMap(({ previousId }) => previousId ?? [])
  const previous = await platform.db.select().from(table).where(inArray(table.id, previousIds))
  const items: PromotionItem[] = []
  const members: Pick<DeploymentRow, 'serviceId' | 'kind' | 'commit' | 'message' | 'buildId' | 'restoresId'>[] = []
  for (const { serviceId, previousId, head } of row.items) {
    const before = previous.find(({ id }) => id === previousId)
    items.push({
      serviceId,
      commit: before?.commit ?? null,
      sourceId: before?.id ?? null,
      previousId: null,
      head,
      left: false,
    })
    if (before) {
      members.push({
        serviceId,
        kind: 'rollback',
        commit: before.commit,
        message: `Undo a promotion: ${before.commit.slice(0, 7)}`,
        buildId: null,
        restoresId: before.restoresId ?? before.id,
      })
    }
  }
  return { items, members, generation: into.generation }
}
