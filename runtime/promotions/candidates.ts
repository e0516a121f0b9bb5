import { and, eq, inArray } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { services, settings, variables } from '#db/schema.ts'
import { type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import { pinnedServices } from '../environments/pinned.ts'
import type { Place } from '../instances/place.ts'
import type { Platform } from '../platform.ts'

/** An environment's own copy of a service, beside what its parent serves. */
export interface Candidate {
  serviceId: string
  service: string
  /** Null when it has none of its own. */
  own: Place | null
  /** What serves in the parent, be it the parent's own or inherited there. */
  there: Place | null
  /** Its revision does not hold the one that serves in the parent. */
  lacks: boolean
  /** Why the copy stays in its environment when its revision has gone to the parent; null when it leaves. */
  stays: string | null
}

export interface Candidates {
  from: EnvironmentRow
  into: EnvironmentRow | undefined
  /** From the parent on. */
  above: EnvironmentRow[]
  all: Candidate[]
}

/** @param serviceIds null: all that the environment has of its own */
export async function candidatesOf(
  platform: Platform,
  environmentId: string,
  serviceIds: readonly string[] | null,
): Promise<Candidates> {
  const { db, places } = platform
  const [from, ...above] = await environmentChain(db, environmentId)
  if (!from) throw new PlatformError('not_found', 'this environment does not exist')
  const wanted = serviceIds ?? (await deliberate(platform, from))
  if (wanted.length === 0) return { from, into: above[0], above, all: [] }
  const [rows, ownVariables, ownSettings] = await Promise.all([
    db
      .select({ id: services.id, name: services.name })
      .from(services)
      .where(inArray(services.id, [...wanted])),
    db
      .selectDistinct({ serviceId: variables.serviceId })
      .from(variables)
      .where(and(eq(variables.environmentId, from.id), inArray(variables.serviceId, [...wanted]))),
    db
      .select({ serviceId: settings.serviceId })
      .from(settings)
      .where(and(eq(settings.environmentId, from.id), inArray(settings.serviceId, [...wanted]))),
  ])
  const all = await Promise.all(
    rows.map(async ({ id: serviceId, name }): Promise<Candidate> => {
      const own = places.get({ serviceId, environmentId: from.id }) ?? null
      const there = servingIn(platform, above, serviceId)
      return {
        serviceId,
        service: name,
        own,
        there,
        lacks:
          own !== null &&
          there !== null &&
          !(await platform.source.history.contains({
            serviceId,
            commit: own.plan.commit,
            ancestor: there.plan.commit,
          })),
        stays: ownVariables.some((row) => row.serviceId === serviceId)
          ? 'it has its own variables there'
          : ownSettings.some((row) => row.serviceId === serviceId)
            ? 'it has its own settings there'
            : own?.plan.keepsData
              ? 'it has its own data there'
              : from.pinned
                ? `${from.name} is pinned`
                : null,
      }
    }),
  )
  return { from, into: above[0], above, all: all.sort((a, b) => a.service.localeCompare(b.service)) }
}

/** The nearest copy on the way to production. */
export function servingIn(
  { places }: Pick<Platform, 'places'>,
  chain: readonly EnvironmentRow[],
  serviceId: string,
): Place | null {
  for (const { id } of chain) {
    const place = places.get({ serviceId, environmentId: id })
    if (place) return place
  }
  return null
}

/** Services that it has copies of, without those that a pinned environment keeps of what it inherits: nobody changed anything there. */
async function deliberate({ db, places }: Platform, { id, pinned }: EnvironmentRow): Promise<string[]> {
  const pins = (await pinnedServices(db, pinned ? [id] : [])).get(id)
  return places
    .all()
    .flatMap(({ environmentId, serviceId }) => (environmentId === id && !pins?.has(serviceId) ? [serviceId] : []))
}
