import { desc, isNotNull, isNull, or } from 'drizzle-orm'
import { deployments, environments, services } from '#db/schema.ts'
import { classOf, trustOfDraft } from './builds/trust.ts'
import type { Platform } from './platform.ts'
import { forgetHistory } from './traffic/history.ts'

const keptPerPlace = 10
const trashMs = 7 * 24 * 3_600_000

/** Every hour: packs repositories, empties the trash, forgets curves that are too old, and removes builds that nobody can roll back to any more. */
export async function tidy({ db, source, builds, places }: Platform): Promise<void> {
  const rows = await db
    .select({
      buildId: deployments.buildId,
      serviceId: deployments.serviceId,
      environmentId: deployments.environmentId,
      id: deployments.id,
    })
    .from(deployments)
    .where(isNotNull(deployments.liveAt))
    .orderBy(desc(deployments.id))
  const used = new Set(places.all().map((place) => place.plan.build.id))
  const kept = new Map<string, number>()
  for (const row of rows) {
    const key = `${row.environmentId}/${row.serviceId}`
    const count = (kept.get(key) ?? 0) + 1
    kept.set(key, count)
    if (row.buildId !== null && count <= keptPerPlace) used.add(row.buildId)
  }
  const living = await db
    .select()
    .from(environments)
    .where(or(isNull(environments.deletedAt), isNotNull(environments.expiresAt)))
  await builds.sweep({ used, classes: new Set(living.flatMap((row) => [classOf(row), trustOfDraft([row]).own])) })
  for (const { id } of await db.select({ id: services.id }).from(services).where(isNull(services.deletedAt)))
    await source.repositories.maintain(id)
  await forgetHistory(db)
  await source.repositories.emptyTrash(new Date(Date.now() - trashMs))
}
