import { aliasedTable, and, desc, eq, sql } from 'drizzle-orm'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import type { PromotionRequest } from '#contract/promotions.ts'
import type { Actor } from '#contract/rpc.ts'
import { environments, promotionRequests, services } from '#db/schema.ts'
import { audited, writeAudit } from '../audit/audit.ts'
import type { Platform } from '../platform.ts'
import { changedSince, changesOf, seenOf, seenOfAll } from './contents.ts'
import type { Promotions, Wanted } from './promotions.ts'

const shown = 50
type Row = typeof promotionRequests.$inferSelect

/** One that can be made now, and waits for a second person. @throws PlatformError as a promotion does */
export async function requestPromotion(
  platform: Platform,
  promotions: Promotions,
  actor: Actor,
  wanted: Wanted,
): Promise<PromotionRequest> {
  const { from, into, moving, contents } = await promotions.look(wanted)
  if (!into.protection?.approval)
    throw new PlatformError('not_in_this_state', `promotions to ${into.name} require no approval`, {
      fix: 'Promote directly.',
    })
  const row: Row = {
    id: newId('request'),
    teamId: from.teamId,
    fromId: from.id,
    intoId: into.id,
    serviceIds: moving.map(({ serviceId }) => serviceId),
    contents,
    generation: into.generation,
    state: 'waiting',
    byId: actor.id,
    byName: actor.name,
    createdAt: Date.now(),
    decidedByName: null,
    decidedAt: null,
    reason: null,
    promotionId: null,
  }
  await audited(
    platform.db,
    actor,
    {
      teamId: row.teamId,
      action: 'environment.promote.request',
      target: `environment ${into.name}`,
      after: {
        request: row.id,
        from: from.name,
        services: contents.map(({ serviceId, commit }) => ({
          service: moving.find((one) => one.serviceId === serviceId)?.service,
          revision: commit.slice(0, 7),
        })),
      },
    },
    (tx) => tx.insert(promotionRequests).values(row),
  )
  announce(platform, row)
  return findRequest(platform, row.id)
}

export async function listRequests(platform: Platform, teamId: string): Promise<PromotionRequest[]> {
  return read(platform, and(eq(promotionRequests.teamId, teamId)))
}

/** In the name of whoever approves: exactly what was asked for begins. Whatever is otherwise since makes it a `conflict`. */
export async function approveRequest(
  platform: Platform,
  promotions: Promotions,
  actor: Actor,
  { requestId, seen, route }: { requestId: string; seen: string; route: 'console' | 'cli' },
): Promise<{ promotionId: string }> {
  const row = await waiting(platform, requestId)
  if (row.byId === actor.id)
    throw new PlatformError('forbidden', 'you cannot approve your own promotion request', {
      fix: 'Ask another person to approve it.',
    })
  if (row.contents === null)
    throw new PlatformError('conflict', 'this request names no revisions: it was created by an older release', {
      fix: 'Decline it, and request approval again.',
    })
  if (seen !== seenOfAll(row.contents))
    throw new PlatformError('conflict', 'this request has other revisions than the ones you looked at', {
      fix: 'Check the request again.',
    })
  const changes = await changesOf(platform, row.fromId, row.contents)
  if (changes.length > 0)
    throw changedSince(platform.routing.table.environments[row.fromId]?.name ?? 'the environment', changes)
  const exactly = Object.fromEntries(row.contents.map((content) => [content.serviceId, seenOf(content)]))
  const { id } = await promotions.start(
    actor,
    { environmentId: row.fromId, serviceIds: Object.keys(exactly), generation: row.generation, seen: exactly, route },
    async (tx, promotionId) => {
      const taken = await tx
        .update(promotionRequests)
        .set({ state: 'approved', decidedByName: actor.name, decidedAt: Date.now(), promotionId })
        .where(and(eq(promotionRequests.id, requestId), eq(promotionRequests.state, 'waiting')))
        .returning({ id: promotionRequests.id })
      if (taken.length === 0) throw decided()
      await writeAudit(tx, actor, {
        teamId: row.teamId,
        action: 'environment.promote.approve',
        target: `request ${requestId}`,
        after: { promotion: promotionId, asked: row.byName },
      })
    },
  )
  announce(platform, row)
  return { promotionId: id }
}

export async function declineRequest(
  platform: Platform,
  actor: Actor,
  { requestId, reason }: { requestId: string; reason: string | null },
): Promise<void> {
  const row = await waiting(platform, requestId)
  await audited(
    platform.db,
    actor,
    {
      teamId: row.teamId,
      action: 'environment.promote.decline',
      target: `request ${requestId}`,
      after: { asked: row.byName, reason },
    },
    async (tx) => {
      const taken = await tx
        .update(promotionRequests)
        .set({ state: 'declined', decidedByName: actor.name, decidedAt: Date.now(), reason })
        .where(and(eq(promotionRequests.id, requestId), eq(promotionRequests.state, 'waiting')))
        .returning({ id: promotionRequests.id })
      if (taken.length === 0) throw decided()
    },
  )
  announce(platform, row)
}

async function waiting({ db }: Platform, requestId: string): Promise<Row> {
  const [row] = await db.select().from(promotionRequests).where(eq(promotionRequests.id, requestId))
  if (!row) throw new PlatformError('not_found', 'this request does not exist')
  if (row.state !== 'waiting') throw decided()
  return row
}

const decided = () => new PlatformError('not_in_this_state', 'it was already decided', { fix: 'Check it again.' })

/** Screens ask anew what waits for whom. */
const announce = ({ events }: Platform, { teamId, intoId }: Row) =>
  events.emit({ type: 'environment', teamId, environmentId: intoId })

async function findRequest(platform: Platform, id: string): Promise<PromotionRequest> {
  const [found] = await read(platform, eq(promotionRequests.id, id))
  if (!found) throw new PlatformError('not_found', 'this request does not exist')
  return found
}

async function read(platform: Platform, which: ReturnType<typeof and>): Promise<PromotionRequest[]> {
  const { db } = platform
  const [from, into] = [aliasedTable(environments, 'from_environment'), aliasedTable(environments, 'into_environment')]
  const rows = await db
    .select({ row: promotionRequests, from: from.name, into: into.name })
    .from(promotionRequests)
    .innerJoin(from, eq(from.id, promotionRequests.fromId))
    .innerJoin(into, eq(into.id, promotionRequests.intoId))
    .where(which)
    .orderBy(sql`${promotionRequests.state} = 'waiting' desc`, desc(promotionRequests.id))
    .limit(shown)
  const names = new Map(
    (rows.length === 0
      ? []
      : await db
          .select({ id: services.id, name: services.name })
          .from(services)
          .where(eq(services.teamId, rows[0]?.row.teamId ?? ''))
    ).map(({ id, name }) => [id, name]),
  )
  return Promise.all(
    rows.map(async ({ row, from: fromName, into: intoName }) => ({
      id: row.id,
      teamId: row.teamId,
      fromId: row.fromId,
      from: fromName,
      intoId: row.intoId,
      into: intoName,
      services: (row.contents ?? []).map(({ serviceId: id, commit, parent }) => ({
        id,
        name: names.get(id) ?? 'a deleted service',
        revision: commit.slice(0, 7),
        commit,
        parentRevision: parent?.slice(0, 7) ?? null,
      })),
      seen: seenOfAll(row.contents ?? []),
      changes: row.state === 'waiting' ? await changesNow(platform, row) : [],
      state: row.state,
      by: { id: row.byId, name: row.byName },
      createdAt: row.createdAt,
      decidedBy: row.decidedByName,
      decidedAt: row.decidedAt,
      reason: row.reason,
      promotionId: row.promotionId,
    })),
  )
}

/** Of one whose environment is gone there is nothing more to say: it cannot be approved. */
async function changesNow(platform: Platform, { fromId, contents }: Row): Promise<PromotionRequest['changes']> {
  if (contents === null) return []
  return changesOf(platform, fromId, contents).catch((error: unknown) => {
    if (isPlatformError(error)) return [{ service: '', what: [error.message] }]
    throw error
  })
}
