import { join } from 'node:path'
import { and, eq, isNull, ne } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Audience } from '#contract/routing.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Db, Transaction } from '#db/open.ts'
import {
  consumers,
  deployments as deploymentRows,
  environments,
  members,
  releases,
  services,
  settings,
  teams,
} from '#db/schema.ts'
import { renameDurably } from '#sdk/compile/durable.ts'
import { claimName, keepFormerName, requireNotTransferred } from '../access/names.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Deployments } from '../deployments/deployments.ts'
import { underWay } from '../deployments/record.ts'
import type { Platform } from '../platform.ts'
import { serviceEntities } from '../routing/entities.ts'
import { tell } from '../sharing/news.ts'
import { moveVariables } from '../variables/variables.ts'
import { findService } from './views.ts'

interface Transfer {
  serviceId: string
  teamId: string
}
type ServiceRow = Awaited<ReturnType<typeof findService>>

/**
 * To another team, with its source, history, logs, variables, settings and data. What served in the one's production serves
 * in the other's: it is stopped first, as nothing of it may run in both teams' networks, nor with its data open twice; its
 * calls wait meanwhile. Its former name leads to it, and the former team goes on calling it, as one of its audience.
 * Resolves with the deployment that brings it up again; null when it was stopped.
 */
export async function transferService(
  platform: Platform,
  deployments: Deployments,
  actor: Actor,
  { serviceId, teamId }: Transfer,
): Promise<{ deploymentId: string | null }> {
  const row = await findService(platform, serviceId)
  const from = { serviceId, environmentId: await productionOf(platform.db, row.teamId) }
  const to = { serviceId, environmentId: await productionOf(platform.db, teamId) }
  await requireFree(platform, row, { teamId, productionId: from.environmentId })
  const served = platform.places.get(from)?.wanted === 'live'
  await hold(platform, serviceId, true)
  try {
    if (served) await platform.places.pause(from)
    await platform.logs.move(serviceId, from.environmentId, to.environmentId)
    await platform.db.transaction(async (tx) => {
      await moveRows(platform, tx, row, { teamId, from: from.environmentId, to: to.environmentId, served })
      await writeAudits(tx, actor, row, teamId)
      await moveFolder(join(platform.settings.home, 'data', serviceId), from.environmentId, to.environmentId)
    })
  } catch (error) {
    await moveFolder(join(platform.settings.home, 'data', serviceId), to.environmentId, from.environmentId)
    await platform.logs.move(serviceId, to.environmentId, from.environmentId)
    try {
      if (served) await deployments.restart(actor, from)
    } finally {
      await hold(platform, serviceId, false)
    }
    throw error
  }
  await platform.places.reset(from)
  await platform.places.take(to)
  const restarted = served ? await deployments.restart(actor, to) : undefined
  // Whoever waits is let in once it serves there, or will not.
  if (restarted === undefined) await hold(platform, serviceId, false)
  else
    void deployments
      .ended(restarted.id)
      .finally(() => hold(platform, serviceId, false))
      .catch((error: unknown) => platform.log.error({ err: error }, 'a transferred service stays closed'))
  for (const concerned of [row.teamId, teamId])
    platform.events.emit({ type: 'service', teamId: concerned, serviceId, environmentId: null })
  return { deploymentId: restarted?.id ?? null }
}

/** While it changes hands calls wait in the gateway, and are looked at anew afterwards. */
async function hold({ db, routing }: Platform, serviceId: string, moving: boolean): Promise<void> {
  const found = await serviceEntities(db, [serviceId])
  await routing.apply({
    services: Object.fromEntries(
      Object.entries(found).map(([id, entity]) => [id, entity && { ...entity, ...(moving && { moving }) }]),
    ),
  })
}

async function productionOf(db: Db, teamId: string): Promise<string> {
  const [found] = await db
    .select({ id: environments.id })
    .from(environments)
    .where(and(eq(environments.teamId, teamId), eq(environments.kind, 'production'), isNull(environments.deletedAt)))
  if (!found) throw new PlatformError('not_found', 'this team no longer exists')
  return found.id
}

/** All that would stand in the way is said before anything is stopped. */
async function requireFree(
  { db }: Platform,
  row: ServiceRow,
  { teamId, productionId }: { teamId: string; productionId: string },
): Promise<void> {
  if (row.teamId === teamId)
    throw new PlatformError('conflict', `${row.name} already belongs to this team`, { fix: 'Choose another team.' })
  const [taken] = await db
    .select({ id: services.id })
    .from(services)
    .where(and(eq(services.teamId, teamId), eq(services.name, row.name), isNull(services.deletedAt)))
  if (taken)
    throw new PlatformError('name_taken', `the team already has a service named ${row.name}`, {
      field: 'name',
      fix: `Rename one of them: m3o service rename ${row.name} NAME`,
    })
  await requireNotTransferred(db, { scope: teamId, name: row.name, id: row.id })
  const copies = await db
    .select({ name: environments.name })
    .from(releases)
    .innerJoin(environments, eq(environments.id, releases.environmentId))
    .where(
      and(eq(releases.serviceId, row.id), ne(releases.environmentId, productionId), isNull(environments.deletedAt)),
    )
  const [copy] = copies
  if (copy) {
    throw new PlatformError(
      'not_in_this_state',
      `${row.name} has overrides in ${copies.map(({ name }) => name).join(', ')}`,
      { fix: `Promote or reset them: m3o --env ${copy.name} env reset ${row.name}` },
    )
  }
  if ((await underWay(db)).some(({ serviceId }) => serviceId === row.id)) {
    throw new PlatformError('not_in_this_state', `a deployment of ${row.name} is in progress`, {
      fix: 'Try again when it is done.',
    })
  }
}

/** Who could call it can; its former team too, which its new one may change. */
function audienceAfter({ audience, teamId: former }: ServiceRow, teamId: string): Audience {
  if (audience.kind === 'platform' || audience.kind === 'anyone') return audience
  const others = audience.kind === 'teams' ? audience.teams : []
  return { kind: 'teams', teams: [...new Set([...others, former])].filter((id) => id !== teamId) }
}

async function moveRows(
  platform: Platform,
  tx: Transaction,
  row: ServiceRow,
  { teamId, from, to, served }: { teamId: string; from: string; to: string; served: boolean },
): Promise<void> {
  const [owner] =
    row.ownerId === null
      ? []
      : await tx
          .select()
          .from(members)
          .where(and(eq(members.teamId, teamId), eq(members.userId, row.ownerId)))
  await claimName(tx, { kind: 'service', scope: teamId, name: row.name, id: row.id }, () =>
    tx
      .update(services)
      .set({ teamId, ownerId: owner?.userId ?? null, audience: audienceAfter(row, teamId), choices: {} })
      .where(eq(services.id, row.id)),
  )
  // What the former team calls it goes on leading to it; so do the names from before that.
  await keepFormerName(tx, { kind: 'service', scope: row.teamId, name: row.name, id: row.id })
  await tx.delete(consumers).where(and(eq(consumers.serviceId, row.id), eq(consumers.teamId, teamId)))
  if (row.approval) {
    const former = {
      serviceId: row.id,
      teamId: row.teamId,
      state: 'approved' as const,
      decidedAt: Date.now(),
      answer: 'it belonged to this team',
    }
    await tx
      .insert(consumers)
      .values(former)
      .onConflictDoUpdate({ target: [consumers.serviceId, consumers.teamId], set: former })
  }
  const names = await tx.select({ id: teams.id, name: teams.name }).from(teams)
  const called = (id: string) => `@${names.find((team) => team.id === id)?.name ?? ''}/${row.name}`
  await tell(tx, {
    serviceId: row.id,
    kind: 'moved',
    text: `was transferred and is now ${called(teamId)}; ${called(row.teamId)} still works`,
  })
  // Environments that are gone, and could come back, come back without it.
  await tx.delete(releases).where(and(eq(releases.serviceId, row.id), ne(releases.environmentId, from)))
  await tx
    .update(releases)
    .set({ environmentId: to, wanted: served ? 'live' : 'stopped', updatedAt: Date.now() })
    .where(and(eq(releases.serviceId, row.id), eq(releases.environmentId, from)))
  // What the former team's other environments had set is theirs.
  await tx.delete(settings).where(and(eq(settings.serviceId, row.id), ne(settings.environmentId, from)))
  await tx.update(settings).set({ environmentId: to }).where(eq(settings.serviceId, row.id))
  await moveVariables(platform, tx, { serviceId: row.id, from, to })
  await tx.update(deploymentRows).set({ teamId }).where(eq(deploymentRows.serviceId, row.id))
  await tx
    .update(deploymentRows)
    .set({ environmentId: to })
    .where(and(eq(deploymentRows.serviceId, row.id), eq(deploymentRows.environmentId, from)))
}

/** Each team's log of changes has it. */
async function writeAudits(tx: Transaction, actor: Actor, row: ServiceRow, teamId: string): Promise<void> {
  const names = await tx.select({ id: teams.id, name: teams.name }).from(teams)
  const nameOf = (id: string) => names.find((team) => team.id === id)?.name
  for (const concerned of [row.teamId, teamId]) {
    await writeAudit(tx, actor, {
      teamId: concerned,
      action: 'service.transfer',
      target: `service ${row.name}`,
      before: { team: nameOf(row.teamId) },
      after: { team: nameOf(teamId) },
    })
  }
}

async function moveFolder(parent: string, from: string, to: string): Promise<void> {
  await renameDurably(join(parent, from), join(parent, to)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}
