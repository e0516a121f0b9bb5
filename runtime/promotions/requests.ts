import { aliasedTable, and, desc, eq, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import type { PromotionRequest } from '#contract/promotions.ts'
import type { Actor } from '#contract/rpc.ts'
import { environments, promotionRequests, services } from '#db/schema.ts'
import { audited, writeAudit } from '../audit/audit.ts'
import type { Platform } from '../platform.ts'
import type { Promotions, Wanted } from './promotions.ts'

const shown = 50
type Row = typeof promotionRequests.$inferSelect

/** One that can be made now, and waits for a second person. @throws PlatformError as a promotion does */
export async function requestPromotion(platform: Platform, promotions: Promotions, actor: Actor, wanted: Wanted): Promise<PromotionRequest> {
  const { from, into, moving } = await promotions.look(wanted)
  if (!into.protection?.approval) throw new PlatformError('not_in_this_state', `${into.name} asks for no second person`, { fix: 'Promote into it.' })
  const row: Row = {
    id: newId('request'), teamId: from.teamId, fromId: from.id, intoId: into.id, serviceIds: moving.map(({ serviceId }) => serviceId), generation: into.generation, state: 'waiting',
    byId: actor.id, byName: actor.name, createdAt: Date.now(), decidedByName: null, decidedAt: null, reason: null, promotionId: null,
  }
  await audited(platform.db, actor, { teamId: row.teamId, action: 'environment.promote.request', target: `environment ${into.name}`, after: { request: row.id, from: from.name } }, (tx) => tx.insert(promotionRequests).values(row))
  announce(platform, row)
  return findRequest(platform, row.id)
}

export async function listRequests({ db }: Platform, teamId: string): Promise<PromotionRequest[]> {
  return read(db, and(eq(promotionRequests.teamId, teamId)))
}

/** In the name of whoever approves: what was asked for begins, unless the parent has changed since. */
export async function approveRequest(platform: Platform, promotions: Promotions, actor: Actor, { requestId, route }: { requestId: string; route: 'console' | 'cli' }): Promise<{ promotionId: string }> {
  const row = await waiting(platform, requestId)
  if (row.byId === actor.id) throw new PlatformError('forbidden', 'who asks for a promotion does not approve it', { fix: 'Let somebody else look at it.' })
  const { id } = await promotions.start(actor, { environmentId: row.fromId, serviceIds: row.serviceIds, generation: row.generation, route }, async (tx, promotionId) => {
    const taken = await tx.update(promotionRequests).set({ state: 'approved', decidedByName: actor.name, decidedAt: Date.now(), promotionId })
      .where(and(eq(promotionRequests.id, requestId), eq(promotionRequests.state, 'waiting'))).returning({ id: promotionRequests.id })
    if (taken.length === 0) throw decided()
    await writeAudit(tx, actor, { teamId: row.teamId, action: 'environment.promote.approve', target: `request ${requestId}`, after: { promotion: promotionId, asked: row.byName } })
  })
  announce(platform, row)
  return { promotionId: id }
}

export async function declineRequest(platform: Platform, actor: Actor, { requestId, reason }: { requestId: string; reason: string | null }): Promise<void> {
  const row = await waiting(platform, requestId)
  await audited(platform.db, actor, { teamId: row.teamId, action: 'environment.promote.decline', target: `request ${requestId}`, after: { asked: row.byName, reason } }, async (tx) => {
    const taken = await tx.update(promotionRequests).set({ state: 'declined', decidedByName: actor.name, decidedAt: Date.now(), reason })
      .where(and(eq(promotionRequests.id, requestId), eq(promotionRequests.state, 'waiting'))).returning({ id: promotionRequests.id })
    if (taken.length === 0) throw decided()
  })
  announce(platform, row)
}

async function waiting({ db }: Platform, requestId: string): Promise<Row> {
  const [row] = await db.select().from(promotionRequests).where(eq(promotionRequests.id, requestId))
  if (!row) throw new PlatformError('not_found', 'there is no such request')
  if (row.state !== 'waiting') throw decided()
  return row
}

const decided = () => new PlatformError('not_in_this_state', 'somebody has decided on it already', { fix: 'Look at it again.' })

/** Screens ask anew what waits for whom. */
const announce = ({ events }: Platform, { teamId, intoId }: Row) => events.emit({ type: 'environment', teamId, environmentId: intoId })

async function findRequest({ db }: Platform, id: string): Promise<PromotionRequest> {
  const [found] = await read(db, eq(promotionRequests.id, id))
  if (!found) throw new PlatformError('not_found', 'there is no such request')
  return found
}

async function read(db: Platform['db'], which: ReturnType<typeof and>): Promise<PromotionRequest[]> {
  const [from, into] = [aliasedTable(environments, 'from_environment'), aliasedTable(environments, 'into_environment')]
  const rows = await db.select({ row: promotionRequests, from: from.name, into: into.name }).from(promotionRequests)
    .innerJoin(from, eq(from.id, promotionRequests.fromId)).innerJoin(into, eq(into.id, promotionRequests.intoId))
    .where(which).orderBy(sql`${promotionRequests.state} = 'waiting' desc`, desc(promotionRequests.id)).limit(shown)
  const names = new Map((rows.length === 0 ? [] : await db.select({ id: services.id, name: services.name }).from(services).where(eq(services.teamId, rows[0]?.row.teamId ?? ''))).map(({ id, name }) => [id, name]))
  return rows.map(({ row, from: fromName, into: intoName }) => ({
    id: row.id, teamId: row.teamId, fromId: row.fromId, from: fromName, intoId: row.intoId, into: intoName,
    services: row.serviceIds?.map((id) => ({ id, name: names.get(id) ?? 'a deleted service' })) ?? null,
    state: row.state, by: { id: row.byId, name: row.byName }, createdAt: row.createdAt, decidedBy: row.decidedByName, decidedAt: row.decidedAt, reason: row.reason, promotionId: row.promotionId,
  }))
}
