import { and, eq, isNull } from 'drizzle-orm'
import { type ErrorBody, isPlatformError, PlatformError } from '#contract/errors.ts'
import type { PromotionItem } from '#contract/promotions.ts'
import { isUnderWay } from '#contract/states.ts'
import { deployments, environments, promotions } from '#db/schema.ts'
import { declaring } from '../deployments/declared.ts'
import { advance, announce, type DeploymentRow, type Failure, rewind, stepTo } from '../deployments/record.ts'
import { branchOf, environmentChain } from '../environments/environments.ts'
import { watchMs } from '../instances/places.ts'
import type { Platform } from '../platform.ts'
import { candidatesOf } from './candidates.ts'
import { changesSince } from './changes.ts'
import { land } from './land.ts'
import { type Member, MemberFailed, prepareAll, prepareReturn, type Ready } from './prepare.ts'
import { advancePromotion, announcePromotion, deploymentsOf, findPromotion, type PromotionRow } from './record.ts'

/**
 * One promotion from `preparing` to its end, each step recorded before it is taken, so that after a kill at any instant
 * it is taken again from the last one recorded: what was prepared is prepared anew, the switch is recorded in the
 * transaction that makes it, and what follows it is the same however often it is done.
 */
export async function runPromotion(platform: Platform, row: PromotionRow, signal: AbortSignal): Promise<void> {
  if (row.state === 'preparing') {
    try {
      await prepareAndSwitch(platform, row, signal)
    } catch (error) {
      return end(platform, row, signal.aborted ? signal.reason : error)
    }
  }
  const { items } = await findPromotion(platform.db, row.id)
  await land(platform, { ...row, items }).catch((error: unknown) =>
    platform.log.error({ err: error, promotion: row.id }, 'the branches of a promotion could not follow'),
  )
  await platform.db.update(promotions).set({ endedAt: Date.now() }).where(eq(promotions.id, row.id))
  await announcePromotion(platform, row.id)
  for (const environmentId of [row.intoId, row.fromId])
    if (environmentId !== null) platform.events.emit({ type: 'environment', teamId: row.teamId, environmentId })
}

/** Of a runtime that was killed: back to where its work can be taken up. */
export async function rewindPromotion(platform: Platform, row: PromotionRow): Promise<PromotionRow> {
  if (row.state === 'live' || row.state === 'reverted') return row
  for (const member of await deploymentsOf(platform.db, row.id))
    if (isUnderWay(member.state)) await rewind(platform.db, member)
  const [now] = await platform.db
    .update(promotions)
    .set({ state: 'preparing' })
    .where(eq(promotions.id, row.id))
    .returning()
  return now ?? row
}

async function prepareAndSwitch(platform: Platform, row: PromotionRow, signal: AbortSignal): Promise<void> {
  const members = await membersOf(platform, row)
  const returning: Ready[] = []
  const ready: Ready[] = []
  try {
    ready.push(...(await prepareAll(platform, members, signal)))
    for (const deploymentId of await leftBy(platform, row))
      returning.push(await prepareReturn(platform, deploymentId, signal))
    const items = await stillAsItWas(platform, row)
    signal.throwIfAborted()
    if (!(await advancePromotion(platform, row.id, 'switching', { items })))
      throw new PlatformError('cancelled', 'it was cancelled')
    await switchOver(platform, { ...row, items }, { members, ready, returning })
  } catch (error) {
    await Promise.all(
      [...ready, ...returning]
        .flatMap(({ fresh }) => fresh)
        .map((running) => platform.places.instances.stop(running.id, 2_000)),
    )
    throw error
  }
}

async function switchOver(
  platform: Platform,
  row: PromotionRow,
  { members, ready, returning }: { members: readonly Member[]; ready: readonly Ready[]; returning: readonly Ready[] },
): Promise<void> {
  const { places } = platform
  const readyOf = new Map(ready.map((one) => [one.plan.deploymentId, one]))
  const began = Date.now()
  const switching = await Promise.all(
    members.map(async ({ deployment }) => {
      const since = readyOf.get(deployment.id)?.since ?? began
      const now = await advance(platform, deployment.id, 'switching', { since })
      if (!now) throw new MemberFailed(deployment.id, new PlatformError('cancelled', 'it was cancelled'))
      return { ...now, waitedMs: began - since }
    }),
  )
  const moved = await whatLeaves(platform, row)
  const previousOf = (serviceId: string) =>
    places.get({ serviceId, environmentId: row.intoId })?.plan.deploymentId ?? null
  const items = moved.map((item) => ({ ...item, previousId: previousOf(item.serviceId) }))
  await places
    .switchAll({
      entries: [...ready, ...returning],
      leaving: items.flatMap((item) => [
        ...(item.commit === null ? [{ serviceId: item.serviceId, environmentId: row.intoId }] : []),
        ...(row.fromId !== null && item.left ? [{ serviceId: item.serviceId, environmentId: row.fromId }] : []),
      ]),
      expected: { environmentId: row.intoId, generation: row.generation },
      declare: declaring(platform, [
        ...members.map(({ deployment }) => ({
          at: deployment,
          after: readyOf.get(deployment.id)?.plan ?? null,
          by: deployment,
        })),
        ...items.flatMap(({ serviceId, commit }) =>
          commit === null ? [{ at: { serviceId, environmentId: row.intoId }, after: null, by: null }] : [],
        ),
      ]),
      record: async (tx) => {
        await tx.update(promotions).set({ state: 'live', items }).where(eq(promotions.id, row.id))
        for (const now of switching) {
          const previousId = previousOf(now.serviceId)
          await tx
            .update(deployments)
            .set({
              ...stepTo('live', { parts: [{ name: 'others', ms: now.waitedMs }] }),
              previousId,
              watchedUntil: previousId === null ? null : Date.now() + watchMs,
            })
            .where(eq(deployments.id, now.id))
        }
      },
    })
    .catch(async (error: unknown) => {
      throw isPlatformError(error) && error.code === 'conflict' ? await movedOn(platform, row) : error
    })
  for (const now of switching) {
    await announce(platform, now.id)
    await platform.logs.append(now, {
      stream: 'platform',
      level: 'info',
      text: `deployment ${now.id} live, with promotion ${row.id}`,
      revision: now.commit.slice(0, 7),
    })
  }
  await announcePromotion(platform, row.id)
}

/** With where the environment's branches are, to which they go back when the promotion is taken back. */
async function stillAsItWas(platform: Platform, row: PromotionRow): Promise<PromotionItem[]> {
  const { db, source } = platform
  const [into] = await environmentChain(db, row.intoId)
  if (!into || into.generation !== row.generation) throw await movedOn(platform, row)
  if (row.undoesId !== null) return row.items
  if (row.fromId !== null) {
    const { all } = await candidatesOf(
      platform,
      row.fromId,
      row.items.map(({ serviceId }) => serviceId),
    ).catch(() => ({ all: [] }))
    const lacking = all.find(
      (one) =>
        one.lacks && row.items.some((item) => item.serviceId === one.serviceId && item.commit === one.own?.plan.commit),
    )
    if (lacking)
      throw new PlatformError('conflict', `${lacking.service} lacks changes that are now live in ${into.name}`, {
        fix: 'Merge these changes, then try again.',
      })
  }
  return Promise.all(
    row.items.map(async (item) => ({
      ...item,
      head: (await source.branches.at({ serviceId: item.serviceId, branch: branchOf(into) })) ?? null,
    })),
  )
}

/** Which copies are inherited from then on: those that are still what is promoted, and have nothing else of their own. */
async function whatLeaves(platform: Platform, row: PromotionRow): Promise<PromotionItem[]> {
  if (row.fromId === null) return row.items
  const { all } = await candidatesOf(
    platform,
    row.fromId,
    row.items.map(({ serviceId }) => serviceId),
  ).catch(() => ({ all: [] }))
  return row.items.map((item) => {
    const one = all.find(({ serviceId }) => serviceId === item.serviceId)
    const left = one !== undefined && one.stays === null && one.own?.plan.commit === item.commit
    return { ...item, left, ...(left && one.own && { sourceId: one.own.plan.deploymentId }) }
  })
}

/** Copies that left their environment with the promotion that is taken back, and for which it has nothing else since. */
async function leftBy(platform: Platform, row: PromotionRow): Promise<string[]> {
  if (row.undoesId === null) return []
  const undone = await findPromotion(platform.db, row.undoesId)
  const [from] =
    undone.fromId === null
      ? []
      : await platform.db
          .select({ id: environments.id })
          .from(environments)
          .where(and(eq(environments.id, undone.fromId), isNull(environments.deletedAt)))
  if (!from) return []
  return undone.items.flatMap((item) =>
    item.left && item.sourceId !== null && !platform.places.get({ serviceId: item.serviceId, environmentId: from.id })
      ? [item.sourceId]
      : [],
  )
}

async function movedOn(platform: Platform, row: PromotionRow): Promise<PlatformError> {
  return changesSince(platform, row.intoId, row.generation)
}

/** Every service of it that has a deployment; one that was ended alone ends all. */
async function membersOf(platform: Platform, row: PromotionRow): Promise<Member[]> {
  return (await deploymentsOf(platform.db, row.id)).flatMap((deployment) => {
    const item = row.items.find(({ serviceId }) => serviceId === deployment.serviceId)
    if (!isUnderWay(deployment.state))
      throw new MemberFailed(deployment.id, new PlatformError('cancelled', `it is ${deployment.state}`))
    return item ? [{ item, deployment }] : []
  })
}

/** Ends one that is not resumed, or was ended before its turn came; one that is live stays so. */
export async function endPromotion(platform: Platform, row: PromotionRow, why: unknown): Promise<void> {
  if (row.state === 'preparing' || row.state === 'switching') return end(platform, row, why)
  platform.log.error({ err: why, promotion: row.id }, 'the branches of a promotion did not follow')
  await platform.db.update(promotions).set({ endedAt: Date.now() }).where(eq(promotions.id, row.id))
  await announcePromotion(platform, row.id)
}

async function end(platform: Platform, row: PromotionRow, error: unknown): Promise<void> {
  const failed = error instanceof MemberFailed ? error : null
  const cause = failed ? failed.cause : error
  if (!isPlatformError(cause)) platform.log.error({ err: cause, promotion: row.id }, 'a promotion failed unexpectedly')
  const known = isPlatformError(cause)
    ? cause
    : new PlatformError('internal', `something went wrong inside the platform (${row.id})`)
  const members = await deploymentsOf(platform.db, row.id)
  const guilty = members.find(({ id }) => id === failed?.deploymentId)
  const name = guilty && platform.routing.table.services[guilty.serviceId]?.name
  const told: ErrorBody = {
    ...known.toJSON(),
    ...(name !== undefined && {
      message: `${name}: ${known.message}`,
      data: { service: name, deployment: guilty?.id },
    }),
  }
  const to = known.code === 'cancelled' || known.code === 'superseded' ? 'cancelled' : 'failed'
  for (const member of members)
    await endMember(
      platform,
      member,
      member.id === guilty?.id || !guilty
        ? failureOf(known)
        : { code: 'cancelled', message: `the promotion failed: ${told.message}` },
    )
  // What kept data was stopped for this attempt: it serves again.
  for (const member of members) if (member.keepsData) await platform.places.bringBack(member)
  const ended = { error: told, endedAt: Date.now() }
  if (!(await advancePromotion(platform, row.id, to, ended))) await advancePromotion(platform, row.id, 'failed', ended)
}

async function endMember(platform: Platform, member: DeploymentRow, error: Failure): Promise<void> {
  if (!isUnderWay(member.state)) return
  const to = error.code === 'cancelled' || error.code === 'superseded' ? error.code : 'failed'
  if (!(await advance(platform, member.id, to, { error }))) await advance(platform, member.id, 'failed', { error })
  await platform.logs.append(member, {
    stream: 'platform',
    level: to === 'failed' ? 'error' : 'info',
    text: `deployment ${member.id} ${to}: ${error.message}`,
    revision: member.commit.slice(0, 7),
  })
}

const failureOf = (error: PlatformError): Failure => ({
  ...error.toJSON(),
  ...(error as { failure?: Failure }).failure,
})
