import { and, eq, isNull } from 'drizzle-orm'
import { platformActor } from '#contract/rpc.ts'
import { environments, services } from '#db/schema.ts'
import { sampleServices } from '#services/samples.ts'
import type { Deployments } from '../deployments/deployments.ts'
import type { Platform } from '../platform.ts'
import { createService } from '../services/services.ts'

/** Makes and deploys the sample services that a team lacks. */
export async function deploySamples(platform: Platform, deployments: Deployments, teamId: string): Promise<void> {
  const [production] = await platform.db.select().from(environments).where(and(eq(environments.teamId, teamId), eq(environments.kind, 'production')))
  const present = await platform.db.select({ name: services.name }).from(services).where(and(eq(services.teamId, teamId), isNull(services.deletedAt)))
  if (!production) return
  for (const sample of await sampleServices()) {
    if (present.some((service) => service.name === sample.name)) continue
    const serviceId = await createService(platform, platformActor, { teamId, name: sample.name, files: sample.files, ownerId: null })
    const at = { serviceId, environmentId: production.id }
    const head = await platform.source.branches.head({ serviceId, branches: ['main'] })
    await deployments.deploy(platformActor, at, head.commit, 'Sample service', 'platform')
  }
}
