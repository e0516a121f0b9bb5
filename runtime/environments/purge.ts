import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { platformActor } from '#contract/rpc.ts'
import { deployments, environments, metrics, releases, services, settings, variables } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import type { Platform } from '../platform.ts'
import type { EnvironmentRow } from './environments.ts'

type Parts = Pick<Platform, 'db' | 'source' | 'logs' | 'settings'>

/**
 * What an environment that is gone has left goes for good: branches and drafts, data, logs, then its rows. The environment's
 * own row stays, so that its calls are refused for what they are and its deployments can still be read about. Each step may
 * be taken again: a kill in the middle leaves it due.
 */
export async function purgeEnvironment(
  { db, source, logs, settings: { home } }: Parts,
  { id, teamId, name }: EnvironmentRow,
): Promise<void> {
  const ofTeam = db.select({ id: services.id }).from(services).where(eq(services.teamId, teamId))
  // Some may be another team's by now.
  const deployedThere = db
    .select({ id: deployments.serviceId })
    .from(deployments)
    .where(eq(deployments.environmentId, id))
  for (const service of await ofTeam.union(deployedThere)) {
    if (await source.repositories.exists(service.id))
      await source.branches.forget({ serviceId: service.id, environmentId: id })
    await logs.delete(service.id, id)
  }
  for (const serviceId of await readdir(join(home, 'data')).catch(() => []))
    await rm(join(home, 'data', serviceId, id), { recursive: true, force: true })
  await audited(
    db,
    platformActor,
    { teamId, action: 'environment.purge', target: `environment ${name}` },
    async (tx) => {
      for (const table of [releases, settings, variables, metrics])
        await tx.delete(table).where(eq(table.environmentId, id))
      // Nothing can be rolled back to any more: their values go, and their builds are swept.
      await tx.update(deployments).set({ variables: null, buildId: null }).where(eq(deployments.environmentId, id))
      await tx.update(environments).set({ expiresAt: null }).where(eq(environments.id, id))
    },
  )
}
