import { and, eq, gte, ne } from 'drizzle-orm'
import { called, follows, members } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { recentlyMs } from './dependants.ts'

/** What goes live in production is seen at once by the teams that call it, and by those who follow it. */
export function announceDeployments(platform: Platform, signal: AbortSignal): void {
  const { events, routing, log } = platform
  const stop = events.listen((event) => {
    if (event.type !== 'deployment' || event.deployment.state !== 'live') return
    const { serviceId, environmentId, teamId } = event.deployment
    if (
      routing.table.environments[environmentId]?.parentId !== null ||
      routing.table.services[serviceId]?.audience.kind === 'team'
    )
      return
    void concernedTeams(platform, serviceId, teamId).then(
      (teams) => {
        for (const concerned of teams)
          events.emit({ type: 'service', teamId: concerned, serviceId, environmentId: null })
      },
      (error: unknown) =>
        log.warn({ err: error, service: serviceId }, 'those who use it were not told of its deployment'),
    )
  })
  signal.addEventListener('abort', stop, { once: true })
}

async function concernedTeams({ db }: Platform, serviceId: string, own: string): Promise<Set<string>> {
  const [callers, followers] = await Promise.all([
    db
      .selectDistinct({ teamId: called.teamId })
      .from(called)
      .where(and(eq(called.serviceId, serviceId), gte(called.lastAt, Date.now() - recentlyMs), ne(called.teamId, own))),
    db
      .selectDistinct({ teamId: members.teamId })
      .from(follows)
      .innerJoin(members, eq(members.userId, follows.userId))
      .where(and(eq(follows.serviceId, serviceId), ne(members.teamId, own))),
  ])
  return new Set([...callers, ...followers].map(({ teamId }) => teamId).filter((teamId) => teamId !== ''))
}
