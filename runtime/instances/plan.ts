import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { ServiceSettings } from '#contract/records.ts'
import { once } from '#db/once.ts'
import { deployments, environments, services, teams } from '#db/schema.ts'
import type { Build } from '../builds/builds.ts'
import type { Platform } from '../platform.ts'
import type { Values } from '../variables/variables.ts'
import type { At } from './place.ts'

/** Everything that an instance of one deployment is started from; the same each time, so that a restart is no change. */
export interface Plan {
  deploymentId: string
  serviceId: string
  service: string
  environmentId: string
  environment: string
  /** The environment has a parent, so its calls must stay in it. */
  overlay: boolean
  teamId: string
  team: string
  commit: string
  build: Build
  values: Values
  settings: ServiceSettings
  keepsData: boolean
  /** Its parent's revision as it was: it starts when it is first called. */
  pinned: boolean
}

export const sealedVariables = (deploymentId: string): string => `deployment/${deploymentId}`

type Parts = Pick<Platform, 'db' | 'seal' | 'builds'>
type Row = {
  deployment: typeof deployments.$inferSelect
  service: string
  environment: typeof environments.$inferSelect
  team: string
}

/** From what was recorded when the deployment was built. */
export async function readPlan(parts: Parts, deploymentId: string): Promise<Plan> {
  const [row] = await rowsOf(parts, [deploymentId])
  return storedPlan(parts, deploymentId, row)
}

/** Of many deployments with few questions: a plan, or why there is none. `watch`: what its switch is being watched against, and until when. */
export async function readPlans(
  parts: Parts,
  deploymentIds: readonly string[],
): Promise<Map<string, { plan: Plan; watch: { previousId: string; until: number } | null } | { error: unknown }>> {
  const found = new Map<
    string,
    { plan: Plan; watch: { previousId: string; until: number } | null } | { error: unknown }
  >()
  for (let from = 0; from < deploymentIds.length; from += together) {
    const ids = deploymentIds.slice(from, from + together)
    const rows = new Map((await rowsOf(parts, ids)).map((row) => [row.deployment.id, row]))
    await Promise.all(
      ids.map(async (id) => {
        const { watchedUntil: until = null, previousId = null } = rows.get(id)?.deployment ?? {}
        const watch = until === null || previousId === null ? null : { previousId, until }
        found.set(
          id,
          await storedPlan(parts, id, rows.get(id)).then(
            (plan) => ({ plan, watch }),
            (error: unknown) => ({ error }),
          ),
        )
      }),
    )
  }
  return found
}

const together = 1_000

function rowsOf({ db }: Parts, ids: readonly string[]): Promise<Row[]> {
  return db
    .select({ deployment: deployments, service: services.name, environment: environments, team: teams.name })
    .from(deployments)
    .innerJoin(services, eq(services.id, deployments.serviceId))
    .innerJoin(environments, eq(environments.id, deployments.environmentId))
    .innerJoin(teams, eq(teams.id, deployments.teamId))
    .where(inArray(deployments.id, [...ids]))
}

async function storedPlan({ seal, builds }: Parts, deploymentId: string, row: Row | undefined): Promise<Plan> {
  const { buildId, variables, settings } = row?.deployment ?? {}
  if (!row || !buildId || !variables || !settings)
    throw new PlatformError('not_in_this_state', `deployment ${deploymentId} was never built`)
  const {
    deployment,
    service,
    environment: { name: environment, parentId },
    team,
  } = row
  return planOf(
    deployment,
    { service, environment, overlay: parentId !== null, team },
    {
      build: await builds.read(buildId),
      values: JSON.parse(seal.open(variables, sealedVariables(deploymentId))) as Values,
      settings,
      keepsData: deployment.keepsData,
    },
  )
}

export type Names = Pick<Plan, 'service' | 'environment' | 'overlay' | 'team'>

const names = once((db) =>
  db
    .select({
      service: services.name,
      environment: environments.name,
      parentId: environments.parentId,
      team: teams.name,
    })
    .from(services)
    .innerJoin(environments, eq(environments.id, sql.placeholder('environmentId')))
    .innerJoin(teams, eq(teams.id, environments.teamId))
    .where(and(eq(services.id, sql.placeholder('serviceId')), isNull(services.deletedAt)))
    .prepare('names'),
)

/** What the service, its environment and its team are called at this moment. */
export async function namesOf({ db }: Pick<Platform, 'db'>, at: At): Promise<Names> {
  const [row] = await names(db).execute(at)
  if (!row) throw new PlatformError('not_found', 'this service no longer exists')
  const { parentId, ...found } = row
  return { ...found, overlay: parentId !== null }
}

export function planOf(
  {
    id,
    serviceId,
    environmentId,
    teamId,
    commit,
    kind,
  }: Pick<typeof deployments.$inferSelect, 'id' | 'serviceId' | 'environmentId' | 'teamId' | 'commit' | 'kind'>,
  names: Names,
  made: Pick<Plan, 'build' | 'values' | 'settings' | 'keepsData'>,
): Plan {
  return { deploymentId: id, serviceId, environmentId, teamId, commit, pinned: kind === 'pin', ...names, ...made }
}
