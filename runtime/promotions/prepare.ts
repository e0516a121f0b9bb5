import { PlatformError } from '#contract/errors.ts'
import type { PromotionItem } from '#contract/promotions.ts'
import type { PhasePart } from '#contract/states.ts'
import { requireMayDeclare } from '../deployments/declared.ts'
import { type DeploymentRow, noteReady } from '../deployments/record.ts'
import { keepDescription } from '../deployments/describe.ts'
import { build } from '../deployments/make.ts'
import { checkInstances, noteLeftOut, startInstances } from '../deployments/run.ts'
import { waitUntilReady } from '../instances/check.ts'
import type { Running } from '../instances/instances.ts'
import { type Plan, readPlan } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'

/** One service of a promotion. */
export interface Member {
  item: PromotionItem
  deployment: DeploymentRow
}

/** What is ready for the switch. */
export interface Ready {
  plan: Plan
  fresh: Running[]
  /** Epoch ms. */
  since: number
}

/** Enough to keep a machine busy, and few enough that each starts as quickly as it would alone. */
const atOnce = 8
const readyMs = 60_000

/** Of which service an error tells. */
export class MemberFailed extends Error {
  readonly deploymentId: string

  constructor(deploymentId: string, cause: unknown) {
    super('a service of the promotion is not ready', { cause })
    this.name = 'MemberFailed'
    this.deploymentId = deploymentId
  }
}

/**
 * Starts and checks all of them side by side. One that is not ready ends the others. Those that keep data come last, when
 * all else is ready, as what serves must end before they can begin.
 * @throws MemberFailed, or the signal's reason
 */
export async function prepareAll(
  platform: Platform,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<Ready[]> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const all = members.map(({ deployment }) => ({
    deployment,
    plan: undefined as Plan | undefined,
    fresh: [] as Running[],
    parts: [] as PhasePart[],
    since: 0,
  }))
  const each = async (
    which: readonly (typeof all)[number][],
    work: (one: (typeof all)[number]) => Promise<unknown>,
  ) => {
    const queue = [...which]
    await Promise.allSettled(
      Array.from({ length: atOnce }, async () => {
        for (let one = queue.shift(); one && !either.aborted; one = queue.shift()) {
          await work(one).catch((error: unknown) => over.abort(new MemberFailed(one?.deployment.id ?? '', error)))
        }
      }),
    )
    // Whoever asked for its end comes first: what failed then, failed because of that.
    signal.throwIfAborted()
    over.signal.throwIfAborted()
  }
  const begin = async (one: (typeof all)[number]) => {
    if (!one.plan) return
    const attempt = { started: one.fresh, parts: one.parts, signal: either }
    await startInstances(platform, one.plan, attempt)
    const described = await checkInstances(platform, one.plan, attempt)
    await keepDescription(platform.db, one.plan, described)
    await noteLeftOut(platform, one.plan, described)
    one.since = await noteReady(platform, one.deployment.id, one.parts)
  }
  try {
    await each(all, async (one) => {
      const plan = await build(platform, one.deployment, either)
      if (!plan) throw new PlatformError('cancelled', 'it was cancelled')
      one.plan = plan
      await requireMayDeclare(platform, one.deployment, plan)
    })
    await each(
      all.filter(({ plan }) => !plan?.keepsData),
      begin,
    )
    await each(
      all.filter(({ plan }) => plan?.keepsData),
      async (one) => {
        if (one.plan) await platform.places.makeWay(one.plan)
        await begin(one)
      },
    )
    await each(all, async ({ fresh }) => {
      // Ready long ago, it may have ended while it waited for the others.
      for (const { id } of fresh)
        if (!platform.places.instances.get(id))
          throw new PlatformError('start_failed', 'it exited soon after it was ready', {
            fix: 'See the last log lines for the cause, fix it and try again.',
          })
    })
    return all.flatMap(({ plan, fresh, since }) => (plan ? [{ plan, fresh, since }] : []))
  } catch (error) {
    await Promise.all(
      all.flatMap(({ fresh }) => fresh).map((running) => platform.places.instances.stop(running.id, 2_000)),
    )
    throw error
  }
}

/** A copy that had left its environment, as it was: those of its instances that still run, else new ones. */
export async function prepareReturn(platform: Platform, deploymentId: string, signal: AbortSignal): Promise<Ready> {
  const { instances } = platform.places
  const plan = await readPlan(platform, deploymentId)
  const kept = keptOf(platform, plan)
  if (kept.length > 0) return { plan, fresh: kept, since: Date.now() }
  const fresh = await Promise.all(Array.from({ length: Math.max(1, plan.settings.min) }, () => instances.start(plan)))
  await Promise.all(
    fresh.map(async (running) => {
      await instances.setState(running, 'checking')
      const ended = running.ended.then(() => {
        throw new PlatformError('start_failed', `${plan.service} exited while starting in ${plan.environment}`)
      })
      ended.catch(() => {}) // later it is no failure of this
      await Promise.race([ended, waitUntilReady(running, plan.settings.health, readyMs, { signal })])
    }),
  ).catch(async (error: unknown) => {
    await Promise.all(fresh.map((running) => instances.stop(running.id, 2_000)))
    throw error
  })
  return { plan, fresh, since: Date.now() }
}

/** What is kept ready of a deployment that served until a moment ago. */
export function keptOf({ places }: Platform, plan: Plan): Running[] {
  return places.instances.of(plan).filter((one) => one.deploymentId === plan.deploymentId && one.state === 'draining')
}
