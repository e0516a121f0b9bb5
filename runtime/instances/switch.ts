import { and, eq, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { RoutingChange } from '#contract/routing.ts'
import { given, once } from '#db/once.ts'
import type { Db, Transaction } from '#db/open.ts'
import { environments, releases } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { environmentsOfSecrets, holdsSecrets, secretRows } from '../variables/held-secrets.ts'
import { serviceEntities } from '../routing/entities.ts'
import type { Instances, Running } from './instances.ts'
import { type At, type Place, placeKey, placeOf, routedRelease } from './place.ts'
import type { Plan } from './plan.ts'

/** What changes together. */
export interface Switch {
  /** What serves from now on, with the instances that are ready for it. */
  entries: readonly { plan: Plan; fresh: readonly Running[] }[]
  /** Own copies that go: their calls go to the parent's. */
  leaving?: readonly At[]
  /** Compare and swap: the environment must still be of this generation. */
  expected?: { environmentId: string; generation: number } | undefined
  record: (tx: Transaction) => Promise<void>
  /** What the revisions say of their services themselves; undefined: nothing. */
  declare?: Declare | undefined
}

/** Writes it down, after the rest of the transaction, and gives what the routing table learns together with the switch. */
export type Declare = (tx: Transaction) => Promise<NonNullable<RoutingChange['services']>>

/** What was done: `before` is what served in the place until then. */
export interface Switched {
  begun: readonly { plan: Plan; place: Place; before: Place | undefined }[]
  left: readonly Place[]
  /** Ids of services that are declared otherwise since. */
  declared: readonly string[]
}

interface Around extends Pick<Platform, 'db' | 'routing' | 'seal'> {
  places: Map<string, Place>
  instances: Instances
}

const serve = once((db) => {
  const { environmentId, serviceId, deploymentId, commit, updatedAt } = releases
  const now = {
    deploymentId: given('deploymentId', deploymentId),
    commit: given('commit', commit),
    wanted: 'live' as const,
    crashing: null,
    updatedAt: given('updatedAt', updatedAt),
  }
  return db
    .insert(releases)
    .values({ environmentId: given('environmentId', environmentId), serviceId: given('serviceId', serviceId), ...now })
    .onConflictDoUpdate({ target: [environmentId, serviceId], set: now })
    .prepare('serve')
})

/** Without an expected one, whichever it is of. */
const nextGeneration = once((db) =>
  db
    .update(environments)
    .set({ generation: sql`${environments.generation} + 1` })
    .where(
      and(
        eq(environments.id, sql.placeholder('id')),
        sql`${environments.generation} = coalesce(${sql.placeholder('expected')}::integer, ${environments.generation})`,
      ),
    )
    .returning({ generation: environments.generation })
    .prepare('next_generation'),
)

/**
 * One change of the routing table for all of it, in force when its record can be read, so that "live" is true for whoever
 * sees it; undone when it cannot be recorded.
 * @throws PlatformError `conflict` when the environment is not of the expected generation: then nothing was switched
 */
export async function switchPlaces(
  around: Around,
  { entries, leaving = [], expected, record, declare }: Switch,
): Promise<Switched> {
  const { db, routing, places, instances } = around
  const begun = entries.map(({ plan, fresh }) => ({
    plan,
    fresh,
    before: places.get(placeKey(plan)),
    place: placeOf(plan, 'live', null),
  }))
  const left = leaving.flatMap((at) => places.get(placeKey(at)) ?? [])
  const declared: string[] = []
  await db
    .transaction(async (tx) => {
      // Sent together, and done in this order.
      const [changed] = await Promise.all([
        nextGenerations(
          around,
          tx,
          [...begun.map(({ plan }) => plan.environmentId), ...left.map((at) => at.environmentId)],
          expected,
        ),
        ...begun.map(({ plan: { environmentId, serviceId, deploymentId, commit } }) =>
          serve(tx).execute({ environmentId, serviceId, deploymentId, commit, updatedAt: Date.now() }),
        ),
        ...left.map((at) =>
          tx
            .delete(releases)
            .where(and(eq(releases.environmentId, at.environmentId), eq(releases.serviceId, at.serviceId))),
        ),
        ...begun.flatMap(({ fresh }) => fresh.map((running) => instances.setState(running, 'live', tx))),
        ...begun.map(({ place }) => readSecretsOf(around, tx, place)),
        record(tx),
      ])
      const said = await declare?.(tx)
      if (said) declared.push(...Object.keys(said))
      for (const { place } of begun) places.set(placeKey(place), place)
      for (const at of left) places.delete(placeKey(at))
      await routing.apply({
        releases: releasesOf(around, [...begun.map(({ place }) => place), ...left]),
        environments: changed,
        ...(said && { services: said }),
      })
      await routing.settled()
    })
    .catch(async (error: unknown) => {
      await undo(around, { begun, left, declared })
      throw error
    })
  // Somebody may have read one of them, and told the table, before this was recorded.
  if (declared.length > 0) await routing.refresh({ services: declared })
  return { begun, left, declared }
}

/** For the routing table, which learns of them together with what they bring. */
export async function nextGenerations(
  { routing }: Pick<Platform, 'routing'>,
  tx: Transaction,
  ids: readonly string[],
  expected?: Switch['expected'],
): Promise<Required<RoutingChange>['environments']> {
  const changed: Required<RoutingChange>['environments'] = {}
  // In one order for everybody, so that two switches never wait for each other.
  for (const id of [...new Set(ids)].sort()) {
    const [row] = await nextGeneration(tx).execute({
      id,
      expected: expected?.environmentId === id ? expected.generation : null,
    })
    const known = routing.table.environments[id]
    if (!row && expected?.environmentId === id)
      throw new PlatformError('conflict', `${known?.name ?? 'the environment'} changed in the meantime`, {
        fix: 'Check what changed, then try again.',
      })
    if (row && known) changed[id] = { ...known, generation: row.generation }
  }
  return changed
}

async function undo(around: Around, { begun, left, declared }: Switched): Promise<void> {
  const { db, routing, places } = around
  const switched = begun.filter(({ place }) => places.get(placeKey(place)) === place)
  const gone = left.filter((place) => !places.has(placeKey(place)))
  if (switched.length === 0 && gone.length === 0) return
  for (const { place, before } of switched) {
    if (before) places.set(placeKey(before), before)
    else places.delete(placeKey(place))
  }
  for (const place of gone) places.set(placeKey(place), place)
  const touched = [...switched.map(({ place }) => place), ...gone]
  await routing.refresh({ environments: [...new Set(touched.map(({ environmentId }) => environmentId))] })
  await routing.apply({
    releases: releasesOf(around, touched),
    ...(declared.length > 0 && { services: await serviceEntities(db, declared) }),
  })
}

/** As the secrets that it holds are marked now. */
export async function readSecretsOf(
  around: Pick<Platform, 'routing' | 'seal'>,
  db: Db | Transaction,
  place: Place,
): Promise<void> {
  const { plan } = place
  if (holdsSecrets(plan.values))
    place.secretsOf = environmentsOfSecrets(
      around,
      plan,
      (await secretRows(db, [place.serviceId])).get(place.serviceId),
    )
}

/** Of these places, as they are by now. */
function releasesOf({ places, instances }: Around, ats: readonly At[]): Required<RoutingChange>['releases'] {
  return Object.fromEntries(
    ats.map((at) => {
      const serving = places.get(placeKey(at))
      return [placeKey(at), serving ? routedRelease(serving, instances.of(serving)) : null]
    }),
  )
}
