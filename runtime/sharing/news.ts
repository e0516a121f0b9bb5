import { and, desc, eq, gte, inArray, isNotNull, isNull, ne, or, sql } from 'drizzle-orm'
import { breakingOf } from '#contract/compatibility.ts'
import { spokenChange } from '#contract/impact-words.ts'
import type { NewsItem, NewsKind } from '#contract/sharing.ts'
import type { Transaction } from '#db/open.ts'
import { called, deployments, environments, follows, news, newsSeen, services, teams } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { isSharedWith } from '../services/shared.ts'
import { recentlyMs } from './dependants.ts'

const most = 60

export interface Tell {
  serviceId: string
  kind: NewsKind
  text: string
  /** Only this team is told. */ teamId?: string
}

/** In the transaction of what it tells: one is never there without the other. */
export async function tell(tx: Transaction, { serviceId, kind, text, teamId }: Tell): Promise<void> {
  await tx.insert(news).values({ serviceId, kind, text, teamId: teamId ?? null, at: Date.now() })
}

/** What somebody should do something about, even when nobody follows it. */
const weighty: ReadonlySet<NewsKind> = new Set(['deprecated', 'moved', 'audience', 'approval', 'deleted', 'endpoints'])

interface Who {
  teamId: string
  userId: string
}

/**
 * What changed in the last weeks about other teams' services that the person follows, or that their team calls: of those that
 * are only called what matters to a caller. Newest first. Of what is not shared any more only that it is not.
 */
export async function listNews(platform: Platform, who: Who, now = Date.now()): Promise<NewsItem[]> {
  const { db } = platform
  const since = now - recentlyMs
  const concerned = await concernedOf(platform, who, since)
  const ids = [...concerned.keys()]
  if (ids.length === 0) return []
  const [visible, told, deployed, [read]] = await Promise.all([
    db
      .select({ id: services.id })
      .from(services)
      .where(and(inArray(services.id, ids), isNull(services.deletedAt), isSharedWith(who.teamId))),
    db
      .select({ news, service: services.name, team: teams.name })
      .from(news)
      .innerJoin(services, eq(services.id, news.serviceId))
      .innerJoin(teams, eq(teams.id, services.teamId))
      .where(
        and(inArray(news.serviceId, ids), gte(news.at, since), or(isNull(news.teamId), eq(news.teamId, who.teamId))),
      )
      .orderBy(desc(news.seq))
      .limit(most),
    db
      .select({
        row: {
          id: deployments.id,
          serviceId: deployments.serviceId,
          liveAt: deployments.liveAt,
          commit: deployments.commit,
          message: deployments.message,
          changes: deployments.endpointChanges,
          kind: deployments.kind,
        },
        service: services.name,
        team: teams.name,
      })
      .from(deployments)
      .innerJoin(services, eq(services.id, deployments.serviceId))
      .innerJoin(teams, eq(teams.id, services.teamId))
      .innerJoin(environments, and(eq(environments.id, deployments.environmentId), isNull(environments.parentId)))
      .where(
        and(
          inArray(deployments.serviceId, ids),
          isNotNull(deployments.liveAt),
          gte(deployments.liveAt, since),
          inArray(deployments.kind, ['deploy', 'promote', 'rollback']),
        ),
      )
      .orderBy(desc(deployments.id))
      .limit(most),
    db.select().from(newsSeen).where(eq(newsSeen.userId, who.userId)),
  ])
  const isVisible = new Set(visible.map(({ id }) => id))
  const seen = (at: number) => read !== undefined && at <= read.at
  const items: (NewsItem & { serviceId: string })[] = [
    ...told
      .filter(
        ({ news: { serviceId, kind, teamId } }) => isVisible.has(serviceId) || kind === 'deleted' || teamId !== null,
      )
      .map(({ news: { seq, serviceId, at, kind, text }, service, team }) => ({
        id: `n${seq}`,
        serviceId,
        at,
        kind,
        team,
        service,
        text,
        weighs: weighty.has(kind),
        why: concerned.get(serviceId) ?? ('called' as const),
        seen: seen(at),
      })),
    ...deployed
      .filter(({ row }) => isVisible.has(row.serviceId))
      .map(({ row, service, team }) => {
        const breaking = breakingOf(row.changes ?? [])
        const changes = breaking.length > 0 ? breaking : (row.changes ?? [])
        const at = row.liveAt ?? 0
        return {
          id: row.id,
          serviceId: row.serviceId,
          at,
          team,
          service,
          seen: seen(at),
          weighs: breaking.length > 0,
          why: concerned.get(row.serviceId) ?? ('called' as const),
          kind: changes.length > 0 ? ('endpoints' as const) : ('deployed' as const),
          text:
            changes.length === 0
              ? `${row.kind === 'rollback' ? 'rolled back to' : 'deployed'} ${row.commit.slice(0, 7)}`
              : `${row.commit.slice(0, 7)}: ${changes.slice(0, 3).map(spokenChange).join('; ')}${changes.length > 3 ? `; and ${changes.length - 3} more` : ''}`,
        }
      }),
  ]
  return items
    .filter(({ why, weighs, kind }) => why === 'followed' || weighs || kind === 'undeprecated')
    .sort((a, b) => b.at - a.at)
    .slice(0, most)
    .map(({ serviceId: _serviceId, ...item }) => item)
}

/** Services of other teams that one should hear of, and why. */
async function concernedOf(
  { db }: Platform,
  { teamId, userId }: Who,
  since: number,
): Promise<Map<string, NewsItem['why']>> {
  const [followed, theirs] = await Promise.all([
    db
      .select({ id: follows.serviceId })
      .from(follows)
      .innerJoin(services, eq(services.id, follows.serviceId))
      .where(and(eq(follows.userId, userId), ne(services.teamId, teamId))),
    db
      .selectDistinct({ id: called.serviceId })
      .from(called)
      .innerJoin(services, eq(services.id, called.serviceId))
      .where(and(eq(called.teamId, teamId), gte(called.lastAt, since), ne(services.teamId, teamId))),
  ])
  return new Map([
    ...theirs.map(({ id }) => [id, 'called'] as const),
    ...followed.map(({ id }) => [id, 'followed'] as const),
  ])
}

/** All of it is read. */
export async function markSeen({ db }: Platform, userId: string): Promise<void> {
  const at = Date.now()
  await db
    .insert(newsSeen)
    .values({ userId, at })
    .onConflictDoUpdate({ target: newsSeen.userId, set: { at: sql`greatest(${newsSeen.at}, excluded.at)` } })
}
