import { and, desc, eq, gte } from 'drizzle-orm'
import { type EndpointChange, compareEndpoints } from '#contract/compatibility.ts'
import type { Endpoint } from '#contract/endpoints.ts'
import type { Dependant, Impact } from '#contract/sharing.ts'
import type { Db } from '#db/open.ts'
import { called, revisions } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { findService } from '../services/views.ts'

/** Who has not called for so long does not depend on it any more. */
export const recentlyMs = 30 * 86_400_000

type CalledRow = typeof called.$inferSelect

/** Who really called it in the last weeks, most often first; what calls itself is left out. */
export async function dependantsOf(platform: Platform, serviceId: string, now = Date.now()): Promise<Dependant[]> {
  const service = await findService(platform, serviceId)
  const rows = (await recentCalls(platform.db, serviceId, now)).filter(
    ({ caller }) => caller !== `service/${serviceId}`,
  )
  return [...Map.groupBy(rows, ({ caller, teamId }) => `${caller} ${teamId}`).values()]
    .map((of) => {
      const [{ caller, teamId }] = of as [CalledRow]
      const team = teamId === '' && caller !== 'anyone' ? service.teamId : teamId
      return {
        teamId: team,
        team: platform.routing.table.teams[team]?.name ?? '',
        service: serviceOf(platform, caller),
        endpoints: of
          .map(({ endpoint }) => endpoint)
          .filter((endpoint) => endpoint !== '' && endpoint !== '*')
          .sort(),
        requests: of.reduce((sum, { requests }) => sum + requests, 0),
        lastAt: Math.max(...of.map(({ lastAt }) => lastAt)),
      }
    })
    .sort((a, b) => b.requests - a.requests)
}

export function recentCalls(db: Db, serviceId: string, now = Date.now()): Promise<CalledRow[]> {
  return db
    .select()
    .from(called)
    .where(and(eq(called.serviceId, serviceId), gte(called.lastAt, now - recentlyMs)))
}

/** Name of the service that called; null for people and anyone. */
export function serviceOf({ routing: { table } }: Pick<Platform, 'routing'>, caller: string): string | null {
  return caller.startsWith('service/') ? (table.services[caller.slice(8)]?.name ?? 'a deleted service') : null
}

/** Of two revisions, as far as their endpoints are known. */
export async function changesBetween(
  db: Db,
  serviceId: string,
  before: string,
  after: string,
): Promise<EndpointChange[]> {
  if (before === after) return []
  const [old, now] = await Promise.all([endpointsOf(db, serviceId, before), endpointsOf(db, serviceId, after)])
  return old === undefined || now === undefined ? [] : compareEndpoints(old, now)
}

async function endpointsOf(db: Db, serviceId: string, commit: string): Promise<Endpoint[] | undefined> {
  const [row] = await db
    .select({ endpoints: revisions.endpoints })
    .from(revisions)
    .where(and(eq(revisions.serviceId, serviceId), eq(revisions.commit, commit)))
  return row?.endpoints
}

/** Each change with those who really call that endpoint. The service's own calls of itself change with it. */
export async function impactOf(
  platform: Platform,
  serviceId: string,
  changes: readonly EndpointChange[],
): Promise<Impact[]> {
  if (changes.length === 0) return []
  const endpoints = await pathsOf(platform.db, serviceId)
  const rows = (await recentCalls(platform.db, serviceId)).filter(({ caller }) => caller !== `service/${serviceId}`)
  const own = platform.routing.table.services[serviceId]?.teamId ?? ''
  return changes.map((change) => {
    const segment = segmentOf(change.endpoint, endpoints)
    const callers = rows
      .filter(({ endpoint }) => endpoint.toLowerCase() === segment)
      .map(({ caller, teamId, requests, lastAt }) => ({
        team: platform.routing.table.teams[teamId === '' && caller !== 'anyone' ? own : teamId]?.name ?? 'anyone',
        service: serviceOf(platform, caller),
        requests,
        lastAt,
      }))
    return { change, callers: callers.sort((a, b) => b.requests - a.requests) }
  })
}

/** Endpoints with paths of their own, of the latest revisions: one that has just gone is among them. */
async function pathsOf(db: Db, serviceId: string): Promise<Endpoint[]> {
  const rows = await db
    .select({ endpoints: revisions.endpoints })
    .from(revisions)
    .where(eq(revisions.serviceId, serviceId))
    .orderBy(desc(revisions.createdAt))
    .limit(5)
  return rows.flatMap(({ endpoints }) => endpoints.filter(({ path }) => path !== undefined))
}

/** How the gateway counts calls of an endpoint: by the first part of its path. */
function segmentOf(name: string, endpoints: readonly Endpoint[]): string {
  const path = endpoints.find((endpoint) => endpoint.name === name)?.path
  return (path === undefined ? name : (path.split('/')[1] ?? '')).toLowerCase()
}
