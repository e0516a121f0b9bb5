import { isDeepStrictEqual } from 'node:util'
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Endpoint } from '#contract/endpoints.ts'
import { hostLabel } from '#contract/names.ts'
import type { Instance, Laptop, Service, ServiceSettings } from '#contract/records.ts'
import type { Audience } from '#contract/routing.ts'
import { isUnderWay, type ServiceState } from '#contract/states.ts'
import { among } from '#db/among.ts'
import { deployments, releases, revisions, services, settings, teams, users } from '#db/schema.ts'
import { personOf } from '../people/person.ts'
import { replacementNames } from '../routing/entities.ts'
import { type Newest, newestOf } from '../deployments/record.ts'
import { type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import { pinnedServices } from '../environments/pinned.ts'
import type { At, Place } from '../instances/place.ts'
import type { Platform } from '../platform.ts'
import { isSameFor, readValues } from '../variables/variables.ts'
import { defaultSettings, runOnce } from './settings.ts'

type ServiceRow = typeof services.$inferSelect

/** All services of a team as one environment sees them, by name. */
export async function listServices(
  platform: Platform,
  teamId: string,
  environmentId: string,
  options: { usage?: boolean } = {},
): Promise<Service[]> {
  const rows = await platform.db
    .select()
    .from(services)
    .where(and(eq(services.teamId, teamId), isNull(services.deletedAt)))
  const views = await viewServices(platform, rows, environmentId, options)
  return views.sort((a, b) => (a.name < b.name ? -1 : 1))
}

export async function getService(platform: Platform, at: At): Promise<Service> {
  const [found] = await viewServices(platform, [await findService(platform, at.serviceId)], at.environmentId)
  const view = found as Service // one row in, one view out
  return { ...view, pending: view.pending || (await hasNewValues(platform, at)) }
}

/** What runs here was started with other variables than it would get now. */
async function hasNewValues(platform: Platform, at: At): Promise<boolean> {
  const place = platform.places.get(at)
  return place !== undefined && !place.plan.pinned && !isSameFor(place.plan.values, await readValues(platform, at))
}

/** In the environments where it was deployed itself, or where somebody's laptop runs it. */
export async function serviceEverywhere(platform: Platform, serviceId: string): Promise<Service[]> {
  const row = await findService(platform, serviceId)
  const own = await platform.db
    .select({ id: releases.environmentId })
    .from(releases)
    .where(eq(releases.serviceId, serviceId))
  const all = new Set([...own.map(({ id }) => id), ...platform.laptops.environmentsOf(serviceId)])
  return (await Promise.all([...all].map((id) => viewServices(platform, [row], id)))).flat()
}

export async function findService({ db }: Pick<Platform, 'db'>, serviceId: string): Promise<ServiceRow> {
  const [row] = await db
    .select()
    .from(services)
    .where(and(eq(services.id, serviceId), isNull(services.deletedAt)))
  if (!row) throw new PlatformError('not_found', 'this service no longer exists')
  return row
}

/** Reads what it needs for all of them at once: a catalogue has thousands, for which memory and processor time are not looked up. */
export async function viewServices(
  platform: Platform,
  rows: readonly ServiceRow[],
  environmentId: string,
  { usage: withUsage = true } = {},
): Promise<Service[]> {
  if (rows.length === 0) return []
  const { db, places, engine } = platform
  const chain = await environmentChain(db, environmentId)
  const [environment] = chain
  if (!environment) return []
  const ids = rows.map((row) => row.id)
  const at = chain.map((one) => one.id)
  const [team] = await db.select({ name: teams.name }).from(teams).where(eq(teams.id, environment.teamId))
  const [own, owners, consoles, newest, pins, replacements] = await Promise.all([
    db
      .select({ release: releases, revision: revisions, liveAt: deployments.liveAt })
      .from(releases)
      .leftJoin(deployments, eq(deployments.id, releases.deploymentId))
      .leftJoin(revisions, and(eq(revisions.serviceId, releases.serviceId), eq(revisions.commit, releases.commit)))
      .where(and(inArray(releases.environmentId, at), among(releases.serviceId, ids))),
    db
      .select()
      .from(users)
      .where(among(users.id, [...new Set(rows.flatMap((row) => row.ownerId ?? []))])),
    db
      .select()
      .from(settings)
      .where(and(inArray(settings.environmentId, at), among(settings.serviceId, ids))),
    newestOf(db, ids, environmentId),
    pinnedServices(
      db,
      chain.filter((one) => one.pinned).map((one) => one.id),
    ),
    replacementNames(db, rows),
  ])
  const ownerOf = new Map(owners.map((user) => [user.id, personOf(user)]))
  const consolesOf = Map.groupBy(consoles, (one) => one.serviceId)
  const releaseOf = new Map<string, (typeof own)[number] & { from: EnvironmentRow }>()
  for (const from of chain.toReversed()) {
    for (const one of own)
      if (one.release.environmentId === from.id) releaseOf.set(one.release.serviceId, { ...one, from })
  }
  const wanted = new Set(ids)
  const usage = withUsage
    ? await engine.stats(
        places.instances
          .all()
          .filter((one) => wanted.has(one.serviceId))
          .map((one) => one.id),
      )
    : new Map<string, never>()

  return rows.map((row): Service => {
    const found = releaseOf.get(row.id)
    const place = found && places.get(found.release)
    const deployment = newest.get(row.id)
    const onLaptop = laptopOf(platform, row.id, chain, found?.from)
    const instances = onLaptop ? [instanceOn(onLaptop.laptop)] : place ? instancesOf(platform, place, usage) : []
    const { state, reason } = stateOf(place, instances, deployment)
    const kept = (consolesOf.get(row.id) ?? []).sort(
      (a, b) => at.indexOf(b.environmentId) - at.indexOf(a.environmentId),
    )
    const settings = settingsOf(
      kept.map((one) => one.settings),
      place,
    )
    return {
      id: row.id,
      teamId: row.teamId,
      team: team?.name ?? '',
      name: row.name,
      description: row.description || found?.revision?.description || '',
      language: found?.revision?.language ?? '',
      owner: (row.ownerId && ownerOf.get(row.ownerId)) || null,
      contact: row.contact,
      tags: row.tags,
      audience: withTeamNames(platform, row.audience),
      readable: row.readable,
      approval: row.approval,
      perMinute: row.perMinute,
      deprecation: row.deprecation && {
        message: row.deprecation.message,
        at: row.deprecation.at,
        sunset: row.deprecation.sunset,
        replacement: replacements.get(row.deprecation.replacementId ?? '') ?? null,
      },
      forkedFrom: row.forkedFrom && {
        name: nameOf(platform, row.forkedFrom.serviceId),
        revision: row.forkedFrom.commit.slice(0, 7),
      },
      access: null,
      environment: environment.name,
      from: onLaptop?.from.name ?? found?.from.name ?? null,
      laptop: onLaptop?.laptop ?? null,
      pinned: found !== undefined && onLaptop === undefined && (pins.get(found.from.id)?.has(row.id) ?? false),
      state,
      reason,
      revision: found ? found.release.commit.slice(0, 7) : null,
      instances,
      url: serviceUrl(platform, { service: row.name, environment: environment.name, team: team?.name ?? '' }),
      endpoints: onLaptop?.endpoints ?? found?.revision?.endpoints ?? [],
      settings,
      pending:
        place !== undefined &&
        !place.plan.pinned &&
        found?.from.id === environment.id &&
        !isDeepStrictEqual(place.plan.settings, settings),
      locked: place?.plan.build.locked ?? [],
      deployedAt: found?.liveAt ?? null,
      lastDeployment: deployment
        ? { id: deployment.id, state: deployment.state, at: deployment.createdAt, by: deployment.byName }
        : null,
      createdAt: row.createdAt,
    }
  })
}

/** As the next deployment would have them: what is kept here, and what m3o.json says, which wins. */
function settingsOf(kept: readonly Partial<ServiceSettings>[], place: Place | undefined): ServiceSettings {
  const settings: ServiceSettings = Object.assign({}, defaultSettings, ...kept, place?.plan.build.settings)
  return place?.plan.keepsData ? runOnce(settings) : settings
}

function instancesOf(
  { places }: Platform,
  place: Place,
  usage: Awaited<ReturnType<Platform['engine']['stats']>>,
): Instance[] {
  return places.instances
    .of(place)
    .filter((one) => one.deploymentId === place.plan.deploymentId)
    .map((one) => ({
      id: one.id,
      pid: one.placement.pid,
      state: one.state,
      startedAt: one.startedAt,
      restarts: one.restarts,
      memoryBytes: usage.get(one.id)?.memoryBytes ?? null,
      cpuMs: usage.get(one.id)?.cpuMs ?? null,
    }))
}

/** The nearest laptop, unless something is deployed nearer. */
function laptopOf(
  { laptops }: Platform,
  serviceId: string,
  chain: readonly EnvironmentRow[],
  deployedIn: EnvironmentRow | undefined,
): { laptop: Laptop; from: EnvironmentRow; endpoints: Endpoint[] | undefined } | undefined {
  for (const from of chain) {
    const at = { serviceId, environmentId: from.id }
    const laptop = laptops.serving(at)
    if (laptop) return { laptop, from, endpoints: laptops.endpointsOf(at)?.slice() }
    if (from.id === deployedIn?.id) return undefined
  }
  return undefined
}

/** As the screens and the command know those on the platform; its process is on another machine. */
function instanceOn({ instance, since }: Laptop): Instance {
  return { id: instance, pid: null, state: 'live', startedAt: since, restarts: 0, memoryBytes: null, cpuMs: null }
}

function stateOf(
  place: Place | undefined,
  instances: readonly Instance[],
  newest: Newest | undefined,
): { state: ServiceState; reason: string | null } {
  const deploying = newest !== undefined && isUnderWay(newest.state)
  if (instances.some((one) => one.state === 'live')) return { state: 'live', reason: null }
  if (deploying) return { state: 'deploying', reason: null }
  if (!place)
    return newest?.state === 'failed'
      ? { state: 'failed', reason: newest.error?.message ?? null }
      : { state: 'stopped', reason: newest ? null : 'it was never deployed here' }
  if (place.wanted === 'stopped') return { state: 'stopped', reason: 'it was stopped here' }
  if (place.crashing !== null) return { state: 'crashing', reason: place.crashing }
  if (place.plan.settings.min === 0 && instances.length === 0)
    return { state: 'asleep', reason: 'it starts on the next call' }
  return place.crashes.length > 0
    ? { state: 'crashing', reason: 'it crashed and is restarting' }
    : { state: 'deploying', reason: 'it is starting' }
}

/** `@team/service`, as it is called now; null when it is gone. */
export function nameOf({ routing: { table } }: Pick<Platform, 'routing'>, serviceId: string): string | null {
  const found = table.services[serviceId]
  return found === undefined ? null : `@${table.teams[found.teamId]?.name ?? ''}/${found.name}`
}

/** Stored by id, shown by name; a team that is gone is left out. */
function withTeamNames({ routing }: Platform, audience: Audience): Audience {
  return audience.kind === 'teams'
    ? { kind: 'teams', teams: audience.teams.flatMap((id) => routing.table.teams[id]?.name ?? []) }
    : audience
}

export function serviceUrl(
  { settings: { domain, gatewayPort } }: Pick<Platform, 'settings'>,
  at: { service: string; environment: string; team: string },
): string {
  return `http://${hostLabel(at)}.${domain}:${gatewayPort}/`
}
