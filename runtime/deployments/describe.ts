import { and, eq, sql } from 'drizzle-orm'
import { compareEndpoints, type EndpointChange } from '#contract/compatibility.ts'
import type { Endpoint } from '#contract/endpoints.ts'
import { maxDepth } from '#contract/routing.ts'
import { given, once } from '#db/once.ts'
import type { Db, Transaction } from '#db/open.ts'
import { deployments, revisions } from '#db/schema.ts'
import { readEndpoints } from '#sdk/compile/read-endpoints.ts'
import type { Running } from '../instances/instances.ts'
import type { Plan } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'

/** What a revision says that it answers, and how that differs from what served before; null where it does not, or nothing did. */
export interface Described {
  endpoints: Endpoint[]
  endpointChanges: EndpointChange[] | null
  /** Why not all of its endpoints are known: it describes more than is read. */
  leftOut?: string
}

/**
 * A revision is asked what it answers as soon as it listens, beside its check: `ask` is called then. What it said before it was
 * ready does not count (`askAnew`). `done` asks if need be.
 */
export function beginDescription(platform: Platform, plan: Plan, running: Running | undefined) {
  const before = servingBefore(platform, plan)
  const known =
    before === undefined || before === plan.commit
      ? Promise.resolve([])
      : endpointsOf(platform.db).execute({ serviceId: plan.serviceId, commit: before })
  known.catch(() => {}) // seen by who waits for it
  let said: Promise<Endpoint[]> | undefined
  let leftOut: string | undefined
  const read = ({ placement: { address, port } }: Running) =>
    readEndpoints(address, port, (why) => {
      leftOut = why
    }).catch(() => [])
  const ask = () => (said ??= running ? read(running) : Promise.resolve([]))
  return {
    ask: () => void ask(),
    askAnew: () => {
      said = leftOut = undefined
    },
    async done(): Promise<Described> {
      const [endpoints, [knownBefore]] = await Promise.all([ask(), known])
      if (leftOut !== undefined) return { endpoints, endpointChanges: null, leftOut }
      const endpointChanges = knownBefore === undefined ? [] : compareEndpoints(knownBefore.endpoints, endpoints)
      return { endpoints, endpointChanges: endpointChanges.length === 0 ? null : endpointChanges }
    },
  }
}

const endpointsOf = once((db) =>
  db
    .select({ endpoints: revisions.endpoints })
    .from(revisions)
    .where(and(eq(revisions.serviceId, sql.placeholder('serviceId')), eq(revisions.commit, sql.placeholder('commit'))))
    .prepare('endpoints_of_revision'),
)

const describe = once((db) => {
  const { serviceId, commit, createdAt, endpoints, buildId, language, description } = revisions
  const known = {
    endpoints: given('endpoints', endpoints),
    buildId: given('buildId', buildId),
    language: given('language', language),
    description: given('description', description),
  }
  // A fork has the commits of what it was forked from.
  return db
    .insert(revisions)
    .values({
      serviceId: given('serviceId', serviceId),
      commit: given('commit', commit),
      createdAt: given('createdAt', createdAt),
      ...known,
    })
    .onConflictDoUpdate({ target: [serviceId, commit], set: known })
    .prepare('describe')
})

/** Together with the switch, or before it. */
export async function keepDescription(
  tx: Db | Transaction,
  { deploymentId, serviceId, commit, build }: Plan,
  { endpoints, endpointChanges }: Described,
): Promise<void> {
  await Promise.all([
    describe(tx).execute({
      serviceId,
      commit,
      createdAt: Date.now(),
      endpoints,
      buildId: build.id,
      language: build.language,
      description: build.description,
    }),
    ...(endpointChanges === null
      ? []
      : [tx.update(deployments).set({ endpointChanges }).where(eq(deployments.id, deploymentId))]),
  ])
}

/** Revision of its own copy here, or of the one that it inherits. */
function servingBefore({ places, routing }: Platform, plan: Plan): string | undefined {
  for (
    let id: string | null | undefined = plan.environmentId, depth = 0;
    id && depth < maxDepth;
    id = routing.table.environments[id]?.parentId, depth++
  ) {
    const place = places.get({ serviceId: plan.serviceId, environmentId: id })
    if (place) return place.plan.commit
  }
  return undefined
}
