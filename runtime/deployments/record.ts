import { and, desc, eq, inArray, isNull, lt, ne, type Placeholder, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { type ErrorBody, PlatformError } from '#contract/errors.ts'
import type { Deployment } from '#contract/records.ts'
import { type DeploymentState, isUnderWay, mayPrecede, type Phase, type PhasePart } from '#contract/states.ts'
import { among } from '#db/among.ts'
import { given, once } from '#db/once.ts'
import type { Db, Transaction } from '#db/open.ts'
import { deployments, environments, releases, services } from '#db/schema.ts'
import type { Platform } from '../platform.ts'

export type DeploymentRow = typeof deployments.$inferSelect
export type Failure = ErrorBody & { exitCode?: number | null; signal?: string | null; lines?: string[] }

/** A row for a deployment that begins now: `queued`. */
export function newRow(
  row: Pick<
    DeploymentRow,
    'id' | 'teamId' | 'serviceId' | 'environmentId' | 'kind' | 'route' | 'commit' | 'message' | 'byId' | 'byName'
  > &
    Partial<DeploymentRow>,
): DeploymentRow {
  const now = Date.now()
  return {
    state: 'queued',
    byTokenId: null,
    buildId: null,
    keepsData: false,
    variables: null,
    settings: null,
    locked: [],
    previousId: null,
    replacesId: null,
    restoresId: null,
    promotionId: null,
    error: null,
    endpointChanges: null,
    resumed: 0,
    phases: [{ name: 'queued', startedAt: now, ms: null }],
    createdAt: now,
    liveAt: null,
    endedAt: null,
    watchedUntil: null,
    ...row,
  }
}

/** Nothing is before it, so that its work begins with its record. */
export function begun(row: DeploymentRow): DeploymentRow {
  return {
    ...row,
    state: 'building',
    phases: [
      { name: 'queued', startedAt: row.createdAt, ms: 0 },
      { name: 'building', startedAt: row.createdAt, ms: null },
    ],
  }
}

/** What is recorded with a step; `parts` are of the phase that ends with it. The new one has been going on `since` then, if that was before. */
type More = Partial<DeploymentRow> & { parts?: readonly PhasePart[]; since?: number }

/**
 * Records the step before it is taken. Null when the table of states does not allow it, as for one that was cancelled a
 * moment ago: then the step must not be taken.
 */
export async function advance(
  platform: Pick<Platform, 'db' | 'events'>,
  id: string,
  to: DeploymentState,
  more: More = {},
): Promise<DeploymentRow | null> {
  const row = await advanceIn(platform.db, id, to, more)
  if (row) announceSoon(platform, id)
  return row
}

/** The same together with something else; who follows it is still to be told. */
export async function advanceIn(
  tx: Pick<Db, 'update'>,
  id: string,
  to: DeploymentState,
  { parts, since, ...more }: More = {},
): Promise<DeploymentRow | null> {
  const [row] = await tx
    .update(deployments)
    .set({ ...stepTo(to, { parts, since }), ...more })
    .where(and(eq(deployments.id, id), inArray(deployments.state, mayPrecede(to))))
    .returning()
  return row ?? null
}

/** Its check was answered: what follows is not its own time, as it waits for others. Gives since when. */
export async function noteReady(
  platform: Pick<Platform, 'db' | 'events'>,
  id: string,
  parts: readonly PhasePart[],
): Promise<number> {
  const at = Date.now()
  await platform.db
    .update(deployments)
    .set({ phases: closedPhases(at, parts) })
    .where(and(eq(deployments.id, id), eq(deployments.state, 'checking')))
  await announce(platform, id)
  return at
}

/** For an update: the phase before is closed, the new one opened, or the whole ended. */
export function stepTo(
  to: DeploymentState,
  {
    at = Date.now(),
    parts = [],
    since = at,
  }: { at?: number; parts?: readonly PhasePart[] | undefined; since?: number | undefined } = {},
) {
  const phases = closedPhases(at, parts)
  if (isUnderWay(to))
    return {
      state: to,
      phases: sql`${phases} || ${JSON.stringify([{ name: to as Phase, startedAt: since, ms: null }])}::text::jsonb`,
    }
  return {
    state: to,
    phases,
    endedAt: sql`coalesce(${deployments.endedAt}, ${sql.param(at, deployments.endedAt)})`,
    ...(to === 'live' && { liveAt: at }),
  }
}

const becomeLive = once((db) => {
  const { placeholder } = sql
  const at = given('at', deployments.liveAt)
  return db
    .update(deployments)
    .set({
      state: 'live',
      liveAt: at,
      endedAt: sql`coalesce(${deployments.endedAt}, ${at})`,
      previousId: given('previousId', deployments.previousId),
      watchedUntil: given('watchedUntil', deployments.watchedUntil),
      phases: sql`${closedPhasesAt(placeholder('since'), placeholder('more'))} || ${placeholder('phase')}::text::jsonb`,
    })
    .where(and(eq(deployments.id, placeholder('id')), inArray(deployments.state, mayPrecede('switching'))))
    .returning()
    .prepare('become_live')
})

/** `switching`, which has taken since then, and `live` at once; `parts` are of the phase before. Null as {@link advance}. */
export async function switchedTo(
  tx: Transaction,
  id: string,
  {
    since,
    parts,
    previousId,
    watchedUntil,
  }: { since: number; parts: readonly PhasePart[] } & Pick<DeploymentRow, 'previousId' | 'watchedUntil'>,
): Promise<DeploymentRow | null> {
  const at = Date.now()
  const phase = { name: 'switching' satisfies Phase, startedAt: since, ms: at - since }
  const [row] = await becomeLive(tx).execute({
    id,
    at,
    since,
    previousId,
    watchedUntil,
    more: partsText(parts),
    phase: JSON.stringify([phase]),
  })
  return row ?? null
}

const closedPhases = (at: number, parts: readonly PhasePart[]): SQL => closedPhasesAt(at, partsText(parts))
const partsText = (parts: readonly PhasePart[]): string => JSON.stringify(parts.length > 0 ? { parts } : {})

const closedPhasesAt = (at: number | Placeholder, more: string | Placeholder): SQL => sql`(
  select coalesce(jsonb_agg(case when phase->>'ms' is null then jsonb_set(phase, '{ms}', to_jsonb(${at}::bigint - (phase->>'startedAt')::bigint)) || ${more}::text::jsonb else phase end order by place), '[]'::jsonb)
  from jsonb_array_elements(${deployments.phases}) with ordinality as each(phase, place))`

/**
 * Of a runtime that was killed: back to where its work can be taken up. What was started for it is started anew, and the
 * switch is recorded as live in one transaction, so one that still says `switching` did not happen.
 */
export async function rewind(db: Db, row: DeploymentRow): Promise<DeploymentRow> {
  if (row.state === 'queued' || row.state === 'building') return row
  // What was begun since is lost, and so is its time: that is the last one's that is gone back to.
  const kept = row.phases.filter((phase) => phase.name === 'queued' || phase.name === 'building')
  const phases = kept.map((phase, index) =>
    index === kept.length - 1 ? { name: phase.name, startedAt: phase.startedAt, ms: null } : phase,
  )
  const [now] = await db
    .update(deployments)
    .set({ state: 'building', phases })
    .where(eq(deployments.id, row.id))
    .returning()
  return now ?? row
}

/** Steps that follow each other faster than anybody sees are told of once. */
const soonMs = 33
const soon = new Map<string, NodeJS.Timeout>()

/** Of a step on the way. Nobody depends on having heard of it. */
export function announceSoon(platform: Pick<Platform, 'db' | 'events'>, id: string): void {
  if (!soon.has(id))
    soon.set(
      id,
      setTimeout(() => void announce(platform, id).catch(() => {}), soonMs),
    )
}

interface Telling {
  now: Promise<void>
  next: Promise<void> | undefined
}
const telling = new Map<string, Telling>()

/** Reads it and tells of it. One reading at a time for each, so that what is told last is what was last. */
export function announce(platform: Pick<Platform, 'db' | 'events'>, id: string): Promise<void> {
  clearTimeout(soon.get(id))
  soon.delete(id)
  const under = telling.get(id)
  if (under)
    return (under.next ??= under.now.then(
      () => tell(platform, id),
      () => tell(platform, id),
    ))
  return tell(platform, id)
}

function tell(platform: Pick<Platform, 'db' | 'events'>, id: string): Promise<void> {
  const now = readDeployment(platform.db, id).then((deployment) =>
    platform.events.emit({ type: 'deployment', teamId: deployment.teamId, deployment }),
  )
  const own: Telling = { now, next: undefined }
  telling.set(id, own)
  const forget = () => {
    if (telling.get(id) === own && !own.next) telling.delete(id)
  }
  now.then(forget, forget)
  return now
}

export interface Listing {
  teamId: string
  serviceId?: string | undefined
  environmentId?: string | undefined
  by?: string | undefined
  state?: DeploymentState | undefined
  before: string | null
  limit: number
}

/** Newest first. What a pinning made is nobody's deployment: only a service's own list has it. */
export async function listDeployments(
  db: Db,
  { teamId, serviceId, environmentId, by, state, before, limit }: Listing,
): Promise<Deployment[]> {
  const rows = await rowsOf(db)
    .where(
      and(
        eq(deployments.teamId, teamId),
        serviceId === undefined ? ne(deployments.kind, 'pin') : eq(deployments.serviceId, serviceId),
        environmentId === undefined ? undefined : eq(deployments.environmentId, environmentId),
        by === undefined ? undefined : eq(deployments.byName, by),
        state === undefined ? undefined : eq(deployments.state, state),
        before === null ? undefined : lt(deployments.id, before),
      ),
    )
    .orderBy(desc(deployments.id))
    .limit(limit)
  return rows.map(shown)
}

export async function readDeployment(db: Db, id: string): Promise<Deployment> {
  const [deployment] = (await byId(db).execute({ id })).map(shown)
  if (!deployment) throw new PlatformError('not_found', 'this deployment does not exist')
  return deployment
}

export function underWay(db: Db): Promise<DeploymentRow[]> {
  return db.select().from(deployments).where(isNull(deployments.endedAt)).orderBy(deployments.id)
}

export type Newest = Pick<DeploymentRow, 'id' | 'serviceId' | 'state' | 'error' | 'byName' | 'createdAt'>

/** The newest one of each service in one environment. */
export async function newestOf(
  db: Db,
  serviceIds: readonly string[],
  environmentId: string,
): Promise<Map<string, Newest>> {
  if (serviceIds.length === 0) return new Map()
  const { id, serviceId, state, error, byName, createdAt } = deployments
  const rows = await db
    .selectDistinctOn([serviceId], { id, serviceId, state, error, byName, createdAt })
    .from(deployments)
    .where(and(eq(deployments.environmentId, environmentId), among(serviceId, serviceIds)))
    .orderBy(deployments.serviceId, desc(deployments.id))
  return new Map(rows.map((row) => [row.serviceId, row]))
}

const previous = alias(deployments, 'previous')

const byId = once((db) =>
  rowsOf(db)
    .where(eq(deployments.id, sql.placeholder('id')))
    .prepare('deployment'),
)

function rowsOf(db: Db) {
  return db
    .select({
      row: deployments,
      service: services.name,
      environment: environments.name,
      servingId: releases.deploymentId,
      previousCommit: previous.commit,
    })
    .from(deployments)
    .innerJoin(services, eq(services.id, deployments.serviceId))
    .innerJoin(environments, eq(environments.id, deployments.environmentId))
    .leftJoin(
      releases,
      and(eq(releases.environmentId, deployments.environmentId), eq(releases.serviceId, deployments.serviceId)),
    )
    .leftJoin(previous, eq(previous.id, deployments.previousId))
}

type Row = Awaited<ReturnType<typeof rowsOf>>[number]

function shown({ row, service, environment, servingId, previousCommit }: Row): Deployment {
  return {
    id: row.id,
    serviceId: row.serviceId,
    service,
    teamId: row.teamId,
    environmentId: row.environmentId,
    environment,
    kind: row.kind,
    promotionId: row.promotionId,
    state: row.state,
    revision: row.commit.slice(0, 7),
    commit: row.commit,
    message: row.message,
    by: row.byName,
    byId: row.byId,
    route: row.route,
    createdAt: row.createdAt,
    endedAt: row.endedAt,
    durationMs: row.endedAt === null ? null : row.endedAt - row.createdAt,
    phases: row.phases,
    error: row.error,
    endpointChanges: row.endpointChanges,
    current: servingId === row.id,
    previousId: row.previousId,
    previousCommit,
    watchedUntil:
      row.watchedUntil !== null && row.watchedUntil > Date.now() && servingId === row.id ? row.watchedUntil : null,
  }
}
