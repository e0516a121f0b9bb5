import { and, eq, isNull } from 'drizzle-orm'
import { platformActor } from '#contract/rpc.ts'
import { environments, platform as platformFacts, services } from '#db/schema.ts'
import { sampleServices } from '#services/samples.ts'
import type { Deployments } from '../deployments/deployments.ts'
import type { Platform } from '../platform.ts'
import { createService } from '../services/services.ts'

const owed = 'samples'

/** Notes that a team is to get the samples, so that a runtime killed before they are there goes on with them. */
export async function oweSamples({ db }: Pick<Platform, 'db'>, teamId: string): Promise<void> {
  await db
    .insert(platformFacts)
    .values({ key: owed, value: teamId })
    .onConflictDoUpdate({ target: platformFacts.key, set: { value: teamId } })
}

/** Makes and deploys them, if they are owed. */
export async function deployOwedSamples(platform: Platform, deployments: Deployments): Promise<void> {
  const [row] = await platform.db.select().from(platformFacts).where(eq(platformFacts.key, owed))
  if (!row) return
  await deploySamples(platform, deployments, String(row.value))
  await platform.db.delete(platformFacts).where(eq(platformFacts.key, owed))
}

/** Makes and deploys the sample services that a team lacks. */
async function deploySamples(platform: Platform, deployments: Deployments, teamId: string): Promise<void> {
  const [production] = await platform.db
    .select()
    .from(environments)
    .where(and(eq(environments.teamId, teamId), eq(environments.kind, 'production')))
  const present = await platform.db
    .select({ name: services.name })
    .from(services)
    .where(and(eq(services.teamId, teamId), isNull(services.deletedAt)))
  if (!production) return
  for (const sample of await sampleServices()) {
    if (present.some((service) => service.name === sample.name)) continue
    const serviceId = await createService(platform, platformActor, {
      teamId,
      name: sample.name,
      files: sample.files,
      ownerId: null,
    })
    const at = { serviceId, environmentId: production.id }
    const head = await platform.source.branches.head({ serviceId, branches: ['main'] })
    await deployments.deploy(platformActor, at, head.commit, 'Sample service', 'platform')
  }
}
