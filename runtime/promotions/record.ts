import { and, desc, eq, inArray, isNull, lt, or } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { PlatformError } from '#contract/errors.ts'
import type { Promotion } from '#contract/promotions.ts'
import { promotionCan, promotionMayFollow, type PromotionState } from '#contract/states.ts'
import type { Db } from '#db/open.ts'
import { deployments, environments, promotions, services } from '#db/schema.ts'
import type { DeploymentRow } from '../deployments/record.ts'
import type { Platform } from '../platform.ts'

export type PromotionRow = typeof promotions.$inferSelect

/** Records the step before it is taken. Null when the table of states does not allow it: then it must not be taken. */
export async function advancePromotion(
  platform: Platform,
  id: string,
  to: PromotionState,
  more: Partial<PromotionRow> = {},
): Promise<PromotionRow | null> {
  const row = await platform.db.transaction(async (tx) => {
    const [now] = await tx.select().from(promotions).where(eq(promotions.id, id)).for('update')
    if (!now || !promotionMayFollow(now.state, to)) return null
    const [after] = await tx
      .update(promotions)
      .set({ state: to, ...more })
      .where(eq(promotions.id, id))
      .returning()
    return after ?? null
  })
  if (row) await announcePromotion(platform, id)
  return row
}

export async function announcePromotion(platform: Platform, id: string): Promise<void> {
  const promotion = await readPromotion(platform, id)
  platform.events.emit({ type: 'promotion', teamId: promotion.teamId, promotion })
}

export async function findPromotion(db: Db, id: string): Promise<PromotionRow> {
  const [row] = await db.select().from(promotions).where(eq(promotions.id, id))
  if (!row) throw new PlatformError('not_found', 'this promotion does not exist')
  return row
}

/** Also those that are live, but whose branches have not followed yet. */
export function unfinished(db: Db): Promise<PromotionRow[]> {
  return db.select().from(promotions).where(isNull(promotions.endedAt)).orderBy(promotions.id)
}

/** Its deployments, in the environment that it goes into. */
export function deploymentsOf(db: Db, promotionId: string): Promise<DeploymentRow[]> {
  return db.select().from(deployments).where(eq(deployments.promotionId, promotionId)).orderBy(deployments.id)
}

export async function readPromotion(platform: Platform, id: string): Promise<Promotion> {
  const [promotion] = await select(platform, eq(promotions.id, id), 1)
  if (!promotion) throw new PlatformError('not_found', 'this promotion does not exist')
  return promotion
}

/** Newest first; of one environment: those into it and those from it. */
export function listPromotions(
  platform: Platform,
  {
    teamId,
    environmentId,
    before,
    limit,
  }: { teamId: string; environmentId: string | null; before: string | null; limit: number },
): Promise<Promotion[]> {
  return select(
    platform,
    and(
      eq(promotions.teamId, teamId),
      environmentId === null
        ? undefined
        : or(eq(promotions.intoId, environmentId), eq(promotions.fromId, environmentId)),
      before === null ? undefined : lt(promotions.id, before),
    ),
    limit,
  )
}

const from = alias(environments, 'from')
const into = alias(environments, 'into')
const undone = alias(promotions, 'undone')

async function select(platform: Platform, where: ReturnType<typeof and>, limit: number): Promise<Promotion[]> {
  const { db } = platform
  const found = await db
    .select({ row: promotions, from: from.name, into: into.name })
    .from(promotions)
    .innerJoin(into, eq(into.id, promotions.intoId))
    .leftJoin(from, eq(from.id, promotions.fromId))
    .where(where)
    .orderBy(desc(promotions.id))
    .limit(limit)
  if (found.length === 0) return []
  const ids = found.map(({ row }) => row.id)
  const items = found.flatMap(({ row }) => row.items)
  const previousIds = items.flatMap(({ previousId }) => previousId ?? [])
  const [members, names, previous, takenBack] = await Promise.all([
    db.select().from(deployments).where(inArray(deployments.promotionId, ids)),
    db
      .select({ id: services.id, name: services.name })
      .from(services)
      .where(
        inArray(
          services.id,
          items.map(({ serviceId }) => serviceId),
        ),
      ),
    db
      .select({ id: deployments.id, commit: deployments.commit })
      .from(deployments)
      .where(inArray(deployments.id, previousIds)),
    db
      .select({ id: undone.id, undoesId: undone.undoesId, state: undone.state })
      .from(undone)
      .where(inArray(undone.undoesId, ids)),
  ])
  return found.map(({ row, from: fromName, into: intoName }) => {
    const undoneBy =
      takenBack.find(
        (one) =>
          one.undoesId === row.id && (one.state === 'live' || one.state === 'preparing' || one.state === 'switching'),
      )?.id ?? null
    return {
      id: row.id,
      teamId: row.teamId,
      fromId: row.fromId,
      from: fromName,
      intoId: row.intoId,
      into: intoName,
      undoes: row.undoesId,
      undoneBy,
      state: row.state,
      services: row.items
        .map((item) => {
          const member = members.find((one) => one.promotionId === row.id && one.serviceId === item.serviceId)
          const previousCommit = previous.find(({ id }) => id === item.previousId)?.commit ?? null
          return {
            serviceId: item.serviceId,
            service: names.find(({ id }) => id === item.serviceId)?.name ?? item.serviceId,
            revision: item.commit?.slice(0, 7) ?? null,
            commit: item.commit,
            previousRevision: previousCommit?.slice(0, 7) ?? null,
            previousCommit,
            deploymentId: member?.id ?? null,
            state: member?.state ?? null,
            readyMs: member ? readyMsOf(member) : null,
            left: item.left,
          }
        })
        .sort((a, b) => a.service.localeCompare(b.service)),
      by: row.byName,
      createdAt: row.createdAt,
      endedAt: row.endedAt,
      durationMs: row.endedAt === null ? null : row.endedAt - row.createdAt,
      error: row.error,
      whyNotUndone: whyNotUndone(platform, row, undoneBy),
    }
  })
}

/** Ready: its check has been answered, and it waits for the others. */
function readyMsOf(member: DeploymentRow): number | null {
  const checked = member.phases.find(({ name }) => name === 'checking')
  return checked?.ms == null || member.state === 'failed' ? null : checked.startedAt + checked.ms - member.createdAt
}

/** Null when what served before it can serve again; else what a person is told. */
function whyNotUndone({ places }: Platform, row: PromotionRow, undoneBy: string | null): string | null {
  if (undoneBy !== null) return 'it was already undone'
  const may = promotionCan.undo(row.state)
  if (may !== true) return may
  const since = row.items.filter(
    (item) =>
      (places.get({ serviceId: item.serviceId, environmentId: row.intoId })?.plan.commit ?? null) !== item.commit,
  )
  if (since.length === 0) return null
  return since.length === row.items.length
    ? 'newer revisions are live there'
    : `newer revisions are live for ${since.length} of its ${row.items.length} services`
}
