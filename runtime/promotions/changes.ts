import { and, desc, eq, isNotNull } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { deployments, environments, services } from '#db/schema.ts'
import type { Platform } from '../platform.ts'

/** An environment is of another generation than the one that somebody looked at: what became live there meanwhile. */
export async function changesSince(
  { db }: Pick<Platform, 'db'>,
  environmentId: string,
  generation: number,
): Promise<PlatformError> {
  const [into] = await db.select().from(environments).where(eq(environments.id, environmentId))
  const steps = Math.max(1, (into?.generation ?? 0) - generation)
  const rows = await db
    .select({ row: deployments, service: services.name })
    .from(deployments)
    .innerJoin(services, eq(services.id, deployments.serviceId))
    .where(and(eq(deployments.environmentId, environmentId), isNotNull(deployments.liveAt)))
    .orderBy(desc(deployments.liveAt))
    .limit(50)
  // Services that were promoted together came in one step.
  const seen = new Set<string>()
  const changes = rows
    .filter(({ row }) => {
      seen.add(row.promotionId ?? row.id)
      return seen.size <= steps
    })
    .map(({ row, service }) => ({
      service,
      revision: row.commit.slice(0, 7),
      kind: row.kind,
      by: row.byName,
      at: row.liveAt,
    }))
  const people = [...new Set(changes.map(({ by }) => by))]
  const what =
    changes.length === 0
      ? 'a revision was removed'
      : `${[...new Set(changes.map(({ service }) => service))].slice(0, 5).join(', ')} by ${people.join(', ')}`
  return new PlatformError('conflict', `${into?.name ?? 'the environment'} changed in the meantime: ${what}`, {
    fix: 'Compare again, then retry.',
    data: { changes, generation: into?.generation ?? null },
  })
}
