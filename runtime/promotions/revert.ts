import { eq } from 'drizzle-orm'
import { promotions } from '#db/schema.ts'
import { declaring } from '../deployments/declared.ts'
import { advanceIn, announce } from '../deployments/record.ts'
import type { Exit } from '../engines/engine.ts'
import { describeExit } from '../instances/places.ts'
import type { Place } from '../instances/place.ts'
import { type Plan, readPlan } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'
import { land } from './land.ts'
import { keptOf } from './prepare.ts'
import { announcePromotion, deploymentsOf, findPromotion } from './record.ts'

/** One of a promotion crashed within a minute of its switch: what came together goes back together. */
export class Reverts {
  readonly #platform: Platform
  readonly #under = new Map<string, Promise<boolean>>()

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** False: something else serves by now, so there is nothing to go back together. */
  revert(promotionId: string, place: Place, exit: Exit): Promise<boolean> {
    const known = this.#under.get(promotionId)
    if (known) return known
    const reverting = this.#revert(promotionId, place, exit).finally(() => this.#under.delete(promotionId))
    this.#under.set(promotionId, reverting)
    return reverting
  }

  async #revert(promotionId: string, crashed: Place, exit: Exit): Promise<boolean> {
    const { db, places, logs } = this.#platform
    const row = await findPromotion(db, promotionId)
    const members = await deploymentsOf(db, promotionId)
    const serving = members.filter((member) => places.get(member)?.plan.deploymentId === member.id)
    if (row.state !== 'live' || serving.length < members.length) return false
    const message = `${crashed.plan.service} ${describeExit(exit)} soon after going live; the previous revisions are live again`
    const error = { code: 'start_failed' as const, message, data: { service: crashed.plan.service } }
    const entries = await Promise.all(
      row.items
        .flatMap((item) => [
          ...(item.previousId === null ? [] : [item.previousId]),
          ...(item.left &&
          item.sourceId !== null &&
          row.fromId !== null &&
          !places.get({ serviceId: item.serviceId, environmentId: row.fromId })
            ? [item.sourceId]
            : []),
        ])
        .map(async (deploymentId) => entryOf(this.#platform, await readPlan(this.#platform, deploymentId))),
    )
    await places.switchAll({
      entries,
      leaving: row.items.flatMap((item) =>
        item.previousId === null ? [{ serviceId: item.serviceId, environmentId: row.intoId }] : [],
      ),
      declare: declaring(
        this.#platform,
        row.items.map(({ serviceId, previousId }) => ({
          at: { serviceId, environmentId: row.intoId },
          after: entries.find(({ plan }) => plan.deploymentId === previousId)?.plan ?? null,
          by: null,
        })),
      ),
      record: async (tx) => {
        await tx.update(promotions).set({ state: 'reverted', error }).where(eq(promotions.id, row.id))
        for (const { id } of members) {
          const { exitCode, signal } = id === crashed.plan.deploymentId ? exit : { exitCode: null, signal: null }
          await advanceIn(tx, id, 'reverted', {
            watchedUntil: null,
            error: { code: 'start_failed', message, exitCode, signal },
          })
        }
      },
    })
    for (const member of members) {
      await announce(this.#platform, member.id)
      await logs.append(member, {
        stream: 'platform',
        level: 'error',
        text: `deployment ${member.id} reverted: ${message}`,
        revision: member.commit.slice(0, 7),
      })
    }
    places.endWatches(entries.map(({ plan }) => plan))
    for (const { plan } of entries) await announce(this.#platform, plan.deploymentId)
    await land(this.#platform, { ...row, state: 'reverted' })
    await announcePromotion(this.#platform, row.id)
    for (const environmentId of [row.intoId, row.fromId])
      if (environmentId !== null) this.#platform.events.emit({ type: 'environment', teamId: row.teamId, environmentId })
    return true
  }
}

const entryOf = (platform: Platform, plan: Plan) => ({ plan, fresh: keptOf(platform, plan) })
