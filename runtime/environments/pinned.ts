import { and, desc, eq, inArray, notInArray } from 'drizzle-orm'
import type { Db } from '#db/open.ts'
import { deployments, releases } from '#db/schema.ts'

/**
 * Of pinned environments the services whose copies there are their parents', as they were then, with the time of it: those
 * that nothing has been deployed over; restarting or scaling one changes nothing in that. By environment, then by service.
 */
export async function pinnedServices(
  db: Db,
  environmentIds: readonly string[],
): Promise<Map<string, Map<string, number>>> {
  const found = new Map<string, Map<string, number>>()
  if (environmentIds.length === 0) return found
  const rows = await db
    .selectDistinctOn([releases.environmentId, releases.serviceId], {
      environmentId: releases.environmentId,
      serviceId: releases.serviceId,
      kind: deployments.kind,
      at: deployments.createdAt,
    })
    .from(releases)
    .innerJoin(
      deployments,
      and(eq(deployments.environmentId, releases.environmentId), eq(deployments.serviceId, releases.serviceId)),
    )
    .where(
      and(
        inArray(releases.environmentId, [...environmentIds]),
        eq(deployments.state, 'live'),
        notInArray(deployments.kind, ['restart', 'scale']),
      ),
    )
    .orderBy(releases.environmentId, releases.serviceId, desc(deployments.id))
  for (const { environmentId, serviceId, kind, at } of rows) {
    if (kind !== 'pin') continue
    const ofOne = found.get(environmentId) ?? new Map<string, number>()
    found.set(environmentId, ofOne.set(serviceId, at))
  }
  return found
}
