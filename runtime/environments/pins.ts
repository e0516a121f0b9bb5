import { isDeepStrictEqual } from 'node:util'
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import type { ServiceSettings } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { deployments, environments, services, variables } from '#db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Build } from '../builds/builds.ts'
import { trustOf } from '../builds/trust.ts'
import { buildTree } from '../deployments/build.ts'
import { type DeploymentRow, newRow } from '../deployments/record.ts'
import type { At, Place } from '../instances/place.ts'
import { type Plan, sealedVariables } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'
import { type Effective, requireNothingWithheld, resolveVariables } from '../variables/effective.ts'
import { isSameFor, openValues } from '../variables/variables.ts'
import { type EnvironmentRow, environmentChain } from './environments.ts'
import { pinnedServices } from './pinned.ts'

const idleMs = 10 * 60_000
/** Somebody may deploy into the environment at the same moment. */
const attempts = 4

export interface Pinned {
  /** How many services have their parent's revision of now. */
  services: number
  /** Those that go on as their parent's, and why. */
  following: { service: string; why: string }[]
}

/**
 * Keeps what an environment inherits as it is at this moment: each service gets a copy of its own there, of the revision
 * that its parent's has, with the variables of this environment. Nothing is built and nothing starts: a copy wakes on its
 * first call. Again: as it is then. What keeps data is not copied, as its copy would have none.
 */
export async function pinEnvironment(platform: Platform, actor: Actor, environmentId: string): Promise<Pinned> {
  return pin(platform, actor, environmentId, { action: 'environment.pin', mark: true })
}

/** One service alone, to its parent's revision of now, whatever it was in the pinned environment. False when there is nothing to pin to. */
export async function pinService(platform: Platform, actor: Actor, at: At): Promise<boolean> {
  return (
    (await pin(platform, actor, at.environmentId, { action: 'environment.reset', only: at.serviceId })).services > 0
  )
}

interface How {
  action: string
  mark?: boolean
  only?: string
}

async function pin(platform: Platform, actor: Actor, environmentId: string, how: How): Promise<Pinned> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await pinOnce(platform, actor, environmentId, how)
    } catch (error) {
      if (!isPlatformError(error) || error.code !== 'conflict' || attempt === attempts) throw error
    }
  }
}

async function pinOnce(
  platform: Platform,
  actor: Actor,
  environmentId: string,
  { action, mark, only }: How,
): Promise<Pinned> {
  const { db, places, seal } = platform
  const chain = await environmentChain(db, environmentId)
  const [environment, parent] = chain
  if (!environment) throw new PlatformError('not_found', 'this environment does not exist')
  if (!parent)
    throw new PlatformError('not_in_this_state', `${environment.name} has no parent`, {
      fix: 'Pin an environment that has a parent.',
    })
  const { copied, following } = await inherited(platform, chain, only)
  if (only !== undefined && copied.length === 0) return { services: 0, following }
  const given = await variablesOf(
    platform,
    chain,
    copied.map(({ place }) => place.serviceId),
  )
  requireNothingWithheld(
    environment.name,
    copied.flatMap(({ place, service }) => {
      const withheld = given.get(place.serviceId)?.withheld ?? []
      return withheld.length === 0 ? [] : [{ service, withheld }]
    }),
  )
  const now = Date.now()
  const locked = await lockedOf(
    platform,
    copied.map(({ place }) => place.plan.deploymentId),
  )
  const builds = await trustedBuilds(platform, chain, copied)
  const made = copied.flatMap(({ place, from }) => {
    const build = builds.get(place) ?? place.plan.build
    const values = openValues(platform, given.get(place.serviceId)?.given ?? [])
    const plan: Plan = {
      ...place.plan,
      build,
      deploymentId: newId('deployment', now),
      environmentId,
      environment: environment.name,
      overlay: true,
      values,
      settings: asleep(place.plan.settings),
      keepsData: false,
      pinned: true,
    }
    const before = places.get(plan)
    // A copy that is the same already runs on.
    if (
      before?.plan.pinned &&
      before.plan.commit === plan.commit &&
      isSameFor(before.plan.values, values) &&
      isDeepStrictEqual(before.plan.settings, plan.settings)
    )
      return []
    const row = newRow({
      id: plan.deploymentId,
      teamId: plan.teamId,
      serviceId: plan.serviceId,
      environmentId,
      kind: 'pin',
      route: 'platform',
      commit: plan.commit,
      message: `Pinned to ${plan.commit.slice(0, 7)} of ${from.name}`,
      byId: actor.id,
      byName: actor.name,
      state: 'live',
      buildId: plan.build.id,
      settings: plan.settings,
      locked: locked.get(place.plan.deploymentId) ?? [],
      variables: seal.seal(JSON.stringify(values), sealedVariables(plan.deploymentId)),
      phases: [],
      createdAt: now,
      liveAt: now,
      endedAt: now,
      previousId: before?.plan.deploymentId ?? null,
      replacesId: place.plan.deploymentId,
    })
    return [{ plan, row }]
  })
  await places.switchAll({
    entries: made.map(({ plan }) => ({ plan, fresh: [] })),
    expected: { environmentId, generation: environment.generation },
    record: async (tx) => {
      for (let at = 0; at < made.length; at += 200)
        await tx.insert(deployments).values(made.slice(at, at + 200).map(({ row }) => row))
      if (mark) await tx.update(environments).set({ pinned: true }).where(eq(environments.id, environmentId))
      const target = only === undefined ? `environment ${environment.name}` : `service ${copied[0]?.service ?? only}`
      await writeAudit(tx, actor, {
        teamId: environment.teamId,
        action,
        target,
        before: { pinned: environment.pinned },
        after: { environment: environment.name, pinned: true, parent: parent.name, services: made.length },
      })
    },
  })
  platform.events.emit({ type: 'environment', teamId: environment.teamId, environmentId })
  return { services: copied.length, following }
}

/** Follows its parent again; what was deployed into it stays. */
export async function unpinEnvironment(
  platform: Platform,
  actor: Actor,
  environmentId: string,
): Promise<{ services: number }> {
  const [environment] = await environmentChain(platform.db, environmentId)
  if (!environment?.pinned) throw new PlatformError('not_in_this_state', `${environment?.name ?? 'it'} is not pinned`)
  const pins = (await pinnedServices(platform.db, [environmentId])).get(environmentId) ?? new Map<string, number>()
  await platform.places.switchAll({
    entries: [],
    leaving: [...pins.keys()].map((serviceId) => ({ serviceId, environmentId })),
    expected: { environmentId, generation: environment.generation },
    record: async (tx) => {
      await tx.update(environments).set({ pinned: false }).where(eq(environments.id, environmentId))
      await writeAudit(tx, actor, {
        teamId: environment.teamId,
        action: 'environment.unpin',
        target: `environment ${environment.name}`,
        before: { pinned: true },
        after: { pinned: false, services: pins.size },
      })
    },
  })
  platform.events.emit({ type: 'environment', teamId: environment.teamId, environmentId })
  return { services: pins.size }
}

interface Inherited {
  service: string
  place: Place
  from: EnvironmentRow
}

/** What the parents have of each service that the environment has nothing of its own of; of `only`, whatever it has. */
async function inherited(
  platform: Platform,
  chain: readonly EnvironmentRow[],
  only: string | undefined,
): Promise<{ copied: Inherited[]; following: Pinned['following'] }> {
  const { db, places } = platform
  const [environment, ...parents] = chain as [EnvironmentRow, ...EnvironmentRow[]] // the caller has looked
  const pins = (await pinnedServices(db, [environment.id])).get(environment.id)
  const all = await db
    .select({ id: services.id, name: services.name })
    .from(services)
    .where(and(eq(services.teamId, environment.teamId), isNull(services.deletedAt)))
    .orderBy(services.name)
  const copied: Inherited[] = []
  const following: Pinned['following'] = []
  for (const { id: serviceId, name: service } of all) {
    const isOwn = places.get({ serviceId, environmentId: environment.id }) !== undefined && !pins?.has(serviceId)
    if (only === undefined ? isOwn : serviceId !== only) continue
    const from = parents.find(({ id }) => places.get({ serviceId, environmentId: id }) !== undefined)
    const place = from && places.get({ serviceId, environmentId: from.id })
    if (!from || !place) continue
    if (place.plan.keepsData) following.push({ service, why: `it keeps its data in ${from.name}` })
    else if (place.wanted === 'stopped') following.push({ service, why: `it is stopped in ${from.name}` })
    else copied.push({ service, place, from })
  }
  return { copied, following }
}

/** Of those whose build is not trusted in the environment, one that is. @throws PlatformError `build_failed` */
async function trustedBuilds(
  platform: Platform,
  chain: readonly EnvironmentRow[],
  copied: readonly Inherited[],
): Promise<Map<Place, Build>> {
  const trust = trustOf(chain)
  const environmentId = chain[0]?.id ?? ''
  const untrusted = copied.filter(
    ({
      place: {
        plan: { build },
      },
    }) => build.trust === undefined || !trust.reads.includes(build.trust),
  )
  return new Map(
    await Promise.all(
      untrusted.map(async ({ place, service }) => {
        const build = await buildTree(platform, { ...place.plan, environmentId }, { service, trust })
        await platform.builds.kept(build.id)
        return [place, build] as const
      }),
    ),
  )
}

/** Of many services at once. */
async function variablesOf(
  { db }: Platform,
  chain: readonly EnvironmentRow[],
  serviceIds: readonly string[],
): Promise<Map<string, { given: Effective[]; withheld: Effective[] }>> {
  if (serviceIds.length === 0) return new Map()
  const rows = await db
    .select()
    .from(variables)
    .where(
      and(
        inArray(variables.serviceId, [...serviceIds]),
        inArray(
          variables.environmentId,
          chain.map(({ id }) => id),
        ),
      ),
    )
  return new Map(
    [...Map.groupBy(rows, (row) => row.serviceId)].map(([serviceId, own]) => [serviceId, resolveVariables(chain, own)]),
  )
}

async function lockedOf(
  { db }: Platform,
  deploymentIds: readonly string[],
): Promise<Map<string, DeploymentRow['locked']>> {
  if (deploymentIds.length === 0) return new Map()
  const rows = await db
    .select({ id: deployments.id, locked: deployments.locked })
    .from(deployments)
    .where(inArray(deployments.id, [...deploymentIds]))
  return new Map(rows.map(({ id, locked }) => [id, locked]))
}

const asleep = (settings: ServiceSettings): ServiceSettings => ({
  ...settings,
  min: 0,
  idleMs: Math.min(settings.idleMs ?? idleMs, idleMs),
})
