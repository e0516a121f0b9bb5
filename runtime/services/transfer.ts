import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { and, eq, isNull, ne } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Db, Transaction } from '#db/open.ts'
import { deployments as deploymentRows, environments, formerNames, members, releases, services, settings, teams, variables } from '#db/schema.ts'
import { claimName } from '../access/names.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Deployments } from '../deployments/deployments.ts'
import { underWay } from '../deployments/record.ts'
import type { Platform } from '../platform.ts'
import { moveVariables } from '../variables/variables.ts'
import { findService } from './views.ts'

interface Transfer { serviceId: string; teamId: string }
type ServiceRow = Awaited<ReturnType<typeof findService>>

/**
 * To another team, with its source, history, logs, variables, settings and data. What served in the one's production serves
 * in the other's: it is stopped first, as nothing of it may run in both teams' networks, nor with its data open twice.
 * Resolves with the deployment that brings it up again; null when it was stopped.
 */
export async function transferService(platform: Platform, deployments: Deployments, actor: Actor, { serviceId, teamId }: Transfer): Promise<{ deploymentId: string | null }> {
  const row = await findService(platform, serviceId)
  const from = { serviceId, environmentId: await productionOf(platform.db, row.teamId) }
  const to = { serviceId, environmentId: await productionOf(platform.db, teamId) }
  await requireFree(platform, row, { teamId, productionId: from.environmentId })
  const served = platform.places.get(from)?.wanted === 'live'
  if (served) await platform.places.kill(from)
  try {
    await platform.logs.move(serviceId, from.environmentId, to.environmentId)
    await platform.db.transaction(async (tx) => {
      await moveRows(platform, tx, row, { teamId, from: from.environmentId, to: to.environmentId })
      await writeAudits(tx, actor, row, teamId)
      await moveFolder(join(platform.settings.home, 'data', serviceId), from.environmentId, to.environmentId)
    })
  } catch (error) {
    await moveFolder(join(platform.settings.home, 'data', serviceId), to.environmentId, from.environmentId)
    await platform.logs.move(serviceId, to.environmentId, from.environmentId)
    if (served) await deployments.restart(actor, from)
    throw error
  }
  await platform.places.reset(from)
  await platform.places.take(to)
  await platform.routing.refresh({ services: [serviceId] })
  for (const concerned of [row.teamId, teamId]) platform.events.emit({ type: 'service', teamId: concerned, serviceId, environmentId: null })
  return { deploymentId: served ? (await deployments.restart(actor, to)).id : null }
}

async function productionOf(db: Db, teamId: string): Promise<string> {
  const [found] = await db.select({ id: environments.id }).from(environments)
    .where(and(eq(environments.teamId, teamId), eq(environments.kind, 'production'), isNull(environments.deletedAt)))
  if (!found) throw new PlatformError('not_found', 'this team no longer exists')
  return found.id
}

/** All that would stand in the way is said before anything is stopped. */
async function requireFree({ db }: Platform, row: ServiceRow, { teamId, productionId }: { teamId: string; productionId: string }): Promise<void> {
  if (row.teamId === teamId) throw new PlatformError('conflict', `${row.name} is this team's already`, { fix: 'Name another team.' })
  const [taken] = await db.select({ id: services.id }).from(services).where(and(eq(services.teamId, teamId), eq(services.name, row.name), isNull(services.deletedAt)))
  if (taken) throw new PlatformError('name_taken', `the team has a service named ${row.name} already`, { field: 'name', fix: `Rename one of them: m3o service rename ${row.name} NAME` })
  const copies = await db.select({ name: environments.name }).from(releases).innerJoin(environments, eq(environments.id, releases.environmentId))
    .where(and(eq(releases.serviceId, row.id), ne(releases.environmentId, productionId), isNull(environments.deletedAt)))
  const [copy] = copies
  if (copy) {
    throw new PlatformError('not_in_this_state', `${row.name} has copies of its own in ${copies.map(({ name }) => name).join(', ')}`, { fix: `Promote them, or drop them: m3o --env ${copy.name} env reset ${row.name}` })
  }
  if ((await underWay(db)).some(({ serviceId }) => serviceId === row.id)) {
    throw new PlatformError('not_in_this_state', `a deployment of ${row.name} is under way`, { fix: 'Try again when it has ended.' })
  }
}

async function moveRows(platform: Platform, tx: Transaction, row: ServiceRow, { teamId, from, to }: { teamId: string; from: string; to: string }): Promise<void> {
  const [owner] = row.ownerId === null ? [] : await tx.select().from(members).where(and(eq(members.teamId, teamId), eq(members.userId, row.ownerId)))
  await claimName(tx, 'service', teamId, row.name, () => tx.update(services).set({ teamId, ownerId: owner?.userId ?? null }).where(eq(services.id, row.id)))
  await tx.delete(formerNames).where(and(eq(formerNames.kind, 'service'), eq(formerNames.id, row.id)))
  // Environments that are gone, and could come back, come back without it.
  await tx.delete(releases).where(and(eq(releases.serviceId, row.id), ne(releases.environmentId, from)))
  await tx.update(releases).set({ environmentId: to, wanted: 'stopped', updatedAt: Date.now() }).where(and(eq(releases.serviceId, row.id), eq(releases.environmentId, from)))
  // What the former team's other environments had set is theirs.
  await tx.delete(settings).where(and(eq(settings.serviceId, row.id), ne(settings.environmentId, from)))
  await tx.update(settings).set({ environmentId: to }).where(eq(settings.serviceId, row.id))
  await moveVariables(platform, tx, { serviceId: row.id, from, to })
  await tx.update(deploymentRows).set({ teamId }).where(eq(deploymentRows.serviceId, row.id))
  await tx.update(deploymentRows).set({ environmentId: to }).where(and(eq(deploymentRows.serviceId, row.id), eq(deploymentRows.environmentId, from)))
}

/** Each team's log of changes has it. */
async function writeAudits(tx: Transaction, actor: Actor, row: ServiceRow, teamId: string): Promise<void> {
  const names = await tx.select({ id: teams.id, name: teams.name }).from(teams)
  const nameOf = (id: string) => names.find((team) => team.id === id)?.name
  for (const concerned of [row.teamId, teamId]) {
    await writeAudit(tx, actor, {
      teamId: concerned, action: 'service.transfer', target: `service ${row.name}`, before: { team: nameOf(row.teamId) }, after: { team: nameOf(teamId) },
    })
  }
}

async function moveFolder(parent: string, from: string, to: string): Promise<void> {
  await rename(join(parent, from), join(parent, to)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}
