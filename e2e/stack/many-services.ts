import { join } from 'node:path'
import { and, eq, isNull } from 'drizzle-orm'
import { newId } from '#contract/ids.ts'
import { openDb } from '#db/open.ts'
import { deployments, environments, releases, revisions, services, teams } from '#db/schema.ts'
import { until } from './until.ts'

/**
 * As many more services as wanted in a team's production, each recorded as a sample is, with its endpoints and its last deployment,
 * and stopped: `{sample}-{number}`. None of them was ever built or started.
 */
export async function manyServices(home: string, team: string, wanted: number): Promise<void> {
  await using database = openDb({ socketDir: join(home, 'pg'), database: 'm3o', user: 'm3o' }, 1)
  const { db } = database
  await until('the samples are live', async () => (await db.select().from(releases)).length >= 3, { withinMs: 60_000 })
  const [at] = await db
    .select({ teamId: teams.id, environmentId: environments.id })
    .from(teams)
    .innerJoin(environments, and(eq(environments.teamId, teams.id), eq(environments.name, 'production')))
    .where(and(eq(teams.name, team), isNull(teams.deletedAt)))
  const samples = await db
    .select()
    .from(services)
    .innerJoin(revisions, eq(revisions.serviceId, services.id))
    .innerJoin(deployments, eq(deployments.serviceId, services.id))
    .where(eq(deployments.message, 'Sample service'))
  if (at === undefined) throw new Error(`there is no team ${team}`)
  for (let n = 0; n < wanted; n++) {
    const sample = samples[n % samples.length]
    if (sample === undefined) throw new Error('the samples are not there')
    const { services: like, revisions: made, deployments: last } = sample
    const id = newId('service')
    const deploymentId = newId('deployment')
    await db.insert(services).values({
      ...like,
      id,
      teamId: at.teamId,
      name: `${like.name}-${n}`,
      description: `${made.description} Number ${n}.`,
    })
    await db.insert(revisions).values({ ...made, serviceId: id })
    // What is sealed is sealed for one deployment: in another's row it would be nothing that can be opened.
    await db
      .insert(deployments)
      .values({ ...last, ...at, id: deploymentId, serviceId: id, variables: null, createdAt: last.createdAt + n })
    await db.insert(releases).values({
      environmentId: at.environmentId,
      serviceId: id,
      deploymentId,
      commit: last.commit,
      wanted: 'stopped',
      updatedAt: Date.now(),
    })
  }
}
