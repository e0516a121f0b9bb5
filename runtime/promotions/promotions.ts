import { eq, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import type { PromotionItem } from '#contract/promotions.ts'
import type { Actor } from '#contract/rpc.ts'
import { promotionCan } from '#contract/states.ts'
import { deployments as deploymentTable, promotions } from '#db/schema.ts'
import type { Transaction } from '#db/open.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Deployments, Route } from '../deployments/deployments.ts'
import { announce, type DeploymentRow, newRow } from '../deployments/record.ts'
import { type Recovery, resumption, type Turn, whyParked } from '../deployments/resumed.ts'
import { liveAt } from '../deployments/standing.ts'
import type { Platform } from '../platform.ts'
import { candidatesOf } from './candidates.ts'
import { changesSince } from './changes.ts'
import { checksOf, whatMoves } from './checks.ts'
import { contentsOf, requireSeen } from './contents.ts'
import { mergeParent } from './merge.ts'
import {
  advancePromotion,
  announcePromotion,
  deploymentsOf,
  findPromotion,
  type PromotionRow,
  unfinished,
} from './record.ts'
import { Reverts } from './revert.ts'
import { endPromotion, rewindPromotion, runPromotion } from './run.ts'
import { wayBack } from './undo.ts'

type Member = Pick<DeploymentRow, 'serviceId' | 'kind' | 'commit' | 'message' | 'buildId' | 'restoresId'>

export interface Wanted {
  environmentId: string
  serviceIds: readonly string[] | null
  generation: number | null
  /** What somebody looked at, by service id; null: nothing. */
  seen: Record<string, string> | null
}
/** Writes down who approved a promotion; it is not begun when this throws. */
export type Approval = (tx: Transaction, promotionId: string) => Promise<void>

/** Starts promotions and sees them through: one at a time into an environment. */
export class Promotions {
  readonly #platform: Platform
  readonly #deployments: Deployments
  readonly #running = new Map<string, { id: string; abort: AbortController; done: Promise<void> }>()

  constructor(platform: Platform, deployments: Deployments) {
    this.#platform = platform
    this.#deployments = deployments
    const reverts = new Reverts(platform)
    deployments.onPromotedCrash = (promotionId, place, exit) => reverts.revert(promotionId, place, exit)
  }

  /**
   * Moves an environment's own revisions into its parent.
   * @param input.generation of the parent, as the person saw it; null: whatever it is now
   * @param input.seen what the person looked at: exactly this is promoted
   * @param approval what is written in the same transaction when a second person has approved it
   * @throws PlatformError as the checks say; `conflict` when the parent has changed since it was looked at, `forbidden` where a second pair of eyes is asked for
   */
  async start(actor: Actor, input: Wanted & { route: Route }, approval?: Approval): Promise<PromotionRow> {
    const { from, into, moving } = await this.look(input)
    if (into.protection?.approval && approval === undefined)
      throw new PlatformError('forbidden', `a promotion to ${into.name} requires approval`, {
        fix: 'Request approval from another person.',
      })
    const items: PromotionItem[] = []
    const members: Member[] = []
    for (const { serviceId, own } of moving) {
      if (!own) continue
      const { commit, deploymentId, build } = own.plan
      items.push({ serviceId, commit, sourceId: deploymentId, previousId: null, head: null, left: false })
      members.push({
        serviceId,
        kind: 'promote',
        commit,
        message: `Promote ${commit.slice(0, 7)} from ${from.name}`,
        buildId: build.id,
        restoresId: null,
      })
    }
    return this.#begin(
      actor,
      { teamId: from.teamId, fromId: from.id, intoId: into.id, undoesId: null, generation: into.generation, items },
      members,
      input.route,
      approval,
    )
  }

  /** What would move, and whether it may. @throws PlatformError as `start` does */
  async look(input: Wanted) {
    const candidates = await candidatesOf(this.#platform, input.environmentId, input.serviceIds)
    const { from, into } = candidates
    // First, so that who is late learns of that, and not of what follows from it.
    if (into && input.generation !== null && input.generation !== into.generation)
      throw await changesSince(this.#platform, into.id, input.generation)
    const contents = await contentsOf(this.#platform, candidates)
    if (input.seen) await requireSeen(this.#platform, candidates, { seen: input.seen, now: contents })
    const moving = whatMoves(candidates, await checksOf(this.#platform, this.#deployments, candidates))
    if (!into) throw new PlatformError('not_in_this_state', `${from.name} has no parent to promote to`)
    // What moves is of the same places that the contents are of.
    return {
      from,
      into,
      moving,
      contents: contents.filter(({ serviceId }) => moving.some((one) => one.serviceId === serviceId)),
    }
  }

  /** What served before it serves again. */
  async undo(actor: Actor, promotionId: string, route: Route): Promise<PromotionRow> {
    const row = await findPromotion(this.#platform.db, promotionId)
    const { items, members, generation } = await wayBack(this.#platform, this.#deployments, row)
    return this.#begin(
      actor,
      { teamId: row.teamId, fromId: null, intoId: row.intoId, undoesId: row.id, generation, items },
      members,
      route,
    )
  }

  merge(actor: Actor, input: Parameters<typeof mergeParent>[3]) {
    return mergeParent(this.#platform, this.#deployments, actor, input)
  }

  async cancel(actor: Actor, promotionId: string): Promise<void> {
    const row = await findPromotion(this.#platform.db, promotionId)
    const allowed = promotionCan.cancel(row.state)
    if (allowed !== true)
      throw new PlatformError('not_in_this_state', `it cannot be cancelled: ${allowed}`, {
        fix: 'Undo it instead.',
      })
    const running = this.#running.get(row.intoId)
    const why = new PlatformError('cancelled', `cancelled by ${actor.name}`)
    if (running?.id !== row.id)
      return void (await advancePromotion(this.#platform, row.id, 'cancelled', {
        error: why.toJSON(),
        endedAt: Date.now(),
      }))
    running.abort.abort(why)
    await running.done
    const { state } = await findPromotion(this.#platform.db, row.id)
    if (state === 'live')
      throw new PlatformError('not_in_this_state', 'it just became live', {
        fix: 'Undo it instead.',
      })
  }

  /** After a start of the runtime: what was under way is taken up again; after it was killed, with care. */
  async recover(recovery: Recovery): Promise<void> {
    for (const row of await unfinished(this.#platform.db)) {
      const now = await rewindPromotion(this.#platform, row)
      const parked = recovery.killed ? whyParked(row) : undefined
      if (parked) await endPromotion(this.#platform, now, parked)
      else
        this.#run(now, now.state === 'preparing' ? await deploymentsOf(this.#platform.db, now.id) : [], {
          turn: resumption(row, recovery, () => this.#countResumed(now)),
        })
    }
  }

  async #countResumed({ id }: PromotionRow): Promise<void> {
    await this.#platform.db
      .update(promotions)
      .set({ resumed: sql`${promotions.resumed} + 1` })
      .where(eq(promotions.id, id))
  }

  /** When its turn has come: it may have been cancelled while it waited. */
  async #resume(row: PromotionRow, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return endPromotion(this.#platform, row, signal.reason)
    await runPromotion(this.#platform, row, signal)
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map((one) => one.done))
  }

  async #begin(
    actor: Actor,
    what: Pick<PromotionRow, 'teamId' | 'fromId' | 'intoId' | 'undoesId' | 'generation' | 'items'>,
    members: readonly Member[],
    route: Route,
    approval?: Approval,
  ): Promise<PromotionRow> {
    const { db, routing } = this.#platform
    const row: PromotionRow = {
      id: newId('promotion'),
      state: 'preparing',
      error: null,
      resumed: 0,
      byId: actor.id,
      byName: actor.name,
      createdAt: Date.now(),
      endedAt: null,
      ...what,
    }
    const rows = members.map((member) =>
      newRow({
        ...member,
        id: newId('deployment'),
        teamId: row.teamId,
        environmentId: row.intoId,
        route,
        byId: actor.id,
        byName: actor.name,
        byTokenId: actor.tokenId ?? null,
        promotionId: row.id,
        replacesId: liveAt(this.#platform, { serviceId: member.serviceId, environmentId: row.intoId }),
      }),
    )
    const { environments, services } = routing.table
    const recorded = Promise.withResolvers<void>()
    this.#run(row, rows, { recorded: recorded.promise })
    try {
      await db.transaction(async (tx) => {
        await tx.insert(promotions).values(row)
        if (rows.length > 0) await tx.insert(deploymentTable).values(rows)
        await approval?.(tx, row.id)
        await writeAudit(tx, actor, {
          teamId: row.teamId,
          action: row.undoesId === null ? 'environment.promote' : 'environment.promote.undo',
          target: `environment ${environments[row.intoId]?.name ?? row.intoId}`,
          after: {
            promotion: row.id,
            ...(row.fromId !== null && { from: environments[row.fromId]?.name }),
            ...(row.undoesId !== null && { undoes: row.undoesId }),
            services: row.items.map((item) => ({
              service: services[item.serviceId]?.name,
              revision: item.commit?.slice(0, 7) ?? null,
            })),
          },
        })
      })
      recorded.resolve()
    } catch (error) {
      recorded.reject(error)
      throw error
    }
    await announcePromotion(this.#platform, row.id)
    for (const { id } of rows) await announce(this.#platform, id)
    return row
  }

  /** Its places are taken at once, before anything is awaited: what comes to them later ends it. */
  #run(
    row: PromotionRow,
    rows: readonly DeploymentRow[],
    { recorded = Promise.resolve(), turn }: { recorded?: Promise<void>; turn?: Turn } = {},
  ): void {
    if (this.#running.has(row.intoId))
      throw new PlatformError('conflict', 'another promotion is in progress there', {
        fix: 'Wait until it ends.',
      })
    const abort = new AbortController()
    const begun = Promise.withResolvers<void>()
    const done = begun.promise
      .then(() => recorded)
      .then(
        () => (turn ? turn(() => this.#resume(row, abort.signal)) : runPromotion(this.#platform, row, abort.signal)),
        () => {},
      )
      .catch((error: unknown) =>
        this.#platform.log.error({ err: error, promotion: row.id }, 'a promotion could not be ended'),
      )
      .finally(() => {
        if (this.#running.get(row.intoId)?.id === row.id) this.#running.delete(row.intoId)
      })
    this.#deployments.claim(rows, abort, done)
    this.#running.set(row.intoId, { id: row.id, abort, done })
    begun.resolve()
  }
}
