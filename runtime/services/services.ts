import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { maxServicesOfTeam } from '#contract/bounds.ts'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import { serviceName } from '#contract/names.ts'
import type { Service } from '#contract/records.ts'
import type { Audience } from '#contract/routing.ts'
import type { Readable } from '#contract/sharing.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Transaction } from '#db/open.ts'
import { documents, environments, formerNames, releases, services, users } from '#db/schema.ts'
import { templateFiles } from '#templates/templates.ts'
import { requireFewer } from '../access/bounds.ts'
import { claimName, keepFormerName, parseName } from '../access/names.ts'
import { audited } from '../audit/audit.ts'
import type { Deployments } from '../deployments/deployments.ts'
import { authorOf } from '../people/person.ts'
import type { Platform } from '../platform.ts'
import { findTeam } from '../teams/teams.ts'
import { tellLosing } from '../sharing/losing.ts'
import { tell } from '../sharing/news.ts'
import { findService, getService, nameOf } from './views.ts'

export interface NewService {
  teamId: string
  name: string
  /** Its first files; null: none, as for one whose folder is being deployed. */
  files: { path: string; content: string | Uint8Array }[] | null
  ownerId: string | null
}

/** A service with its repository; nothing runs until it is deployed. Returns its id. */
export async function createService(platform: Platform, actor: Actor, input: NewService): Promise<string> {
  const name = parseName(serviceName, input.name)
  const team = await findTeam(platform, input.teamId)
  const row = {
    id: newId('service'),
    teamId: team.id,
    name,
    ownerId: input.ownerId,
    description: '',
    audience: { kind: 'team' } as const,
    createdAt: Date.now(),
    deletedAt: null,
  }
  platform.disk.requireRoom(team.id)
  // The repository first: a row without one would be broken, one without a row is only swept away.
  await platform.source.repositories.create({
    serviceId: row.id,
    files: input.files ?? [],
    author: await creatorOf(platform, input.ownerId),
    message: `Begin ${name}`,
  })
  try {
    await audited(platform.db, actor, { teamId: team.id, action: 'service.create', target: `service ${name}` }, (tx) =>
      insertService(tx, row),
    )
  } catch (error) {
    await platform.source.repositories.delete(row.id)
    throw error
  }
  await platform.routing.refresh({ services: [row.id] })
  changed(platform, row)
  return row.id
}

/** A new row, under a name that is free and below the most that a team has. */
export async function insertService(tx: Transaction, row: typeof services.$inferInsert): Promise<void> {
  const { teamId, name, id } = row
  await requireFewer(tx, {
    teamId,
    table: services,
    where: isNull(services.deletedAt),
    most: maxServicesOfTeam,
    what: 'services in this team',
    fix: 'Delete those that nobody needs: m3o service delete NAME.',
  })
  await claimName(tx, { kind: 'service', scope: teamId, name, id }, () => tx.insert(services).values(row))
}

export async function createFromTemplate(
  platform: Platform,
  actor: Actor,
  input: { teamId: string; name: string; template: string | null; ownerId: string; empty?: boolean | undefined },
): Promise<Service> {
  const name = parseName(serviceName, input.name)
  const serviceId = await createService(platform, actor, {
    ...input,
    name,
    files: input.empty ? null : await templateFiles(input.template ?? 'hello', name),
  })
  const [production] = await platform.db
    .select({ id: environments.id })
    .from(environments)
    .where(
      and(eq(environments.teamId, input.teamId), eq(environments.kind, 'production'), isNull(environments.deletedAt)),
    )
  return getService(platform, { serviceId, environmentId: production?.id ?? '' })
}

/** The service of that name, made when there is none: for a folder that is deployed for the first time. */
export async function findOrCreate(
  platform: Platform,
  actor: Actor,
  teamId: string,
  name: string,
  ownerId: string,
): Promise<{ serviceId: string; created: boolean }> {
  const [row] = await platform.db
    .select({ id: services.id })
    .from(services)
    .where(and(eq(services.teamId, teamId), eq(services.name, name), isNull(services.deletedAt)))
  if (row) return { serviceId: row.id, created: false }
  // One that is another team's by now is not this team's to deploy.
  const [former] = await platform.db
    .select({ id: formerNames.id })
    .from(formerNames)
    .innerJoin(services, and(eq(services.id, formerNames.id), eq(services.teamId, teamId), isNull(services.deletedAt)))
    .where(and(eq(formerNames.kind, 'service'), eq(formerNames.scope, teamId), eq(formerNames.name, name)))
  if (former) return { serviceId: former.id, created: false }
  return { serviceId: await createService(platform, actor, { teamId, name, files: null, ownerId }), created: true }
}

export async function renameService(
  platform: Platform,
  actor: Actor,
  serviceId: string,
  newName: string,
): Promise<void> {
  const name = parseName(serviceName, newName)
  const row = await findService(platform, serviceId)
  if (row.name === name) return
  await audited(
    platform.db,
    actor,
    {
      teamId: row.teamId,
      action: 'service.rename',
      target: `service ${row.name}`,
      before: { name: row.name },
      after: { name },
    },
    async (tx) => {
      await claimName(tx, { kind: 'service', scope: row.teamId, name, id: serviceId }, () =>
        tx.update(services).set({ name }).where(eq(services.id, serviceId)),
      )
      await keepFormerName(tx, { kind: 'service', scope: row.teamId, name: row.name, id: serviceId })
      await tell(tx, {
        serviceId,
        kind: 'renamed',
        text: `was renamed from ${row.name} to ${name}; the old name still works`,
      })
    },
  )
  await platform.routing.refresh({ services: [serviceId] })
  changed(platform, row)
}

export interface ServiceChange {
  description?: string | undefined
  ownerId?: string | null | undefined
  contact?: string | undefined
  tags?: string[] | undefined
  audience?: Audience | undefined
  readable?: Readable | undefined
  approval?: boolean | undefined
  perMinute?: number | null | undefined
}
const sharing = ['audience', 'readable', 'approval', 'perMinute'] as const

export async function updateService(
  platform: Platform,
  actor: Actor,
  serviceId: string,
  change: ServiceChange,
): Promise<void> {
  const row = await findService(platform, serviceId)
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<
    typeof row
  >
  if (Object.keys(given).length === 0) return
  const after = { ...row, ...given }
  if (after.approval && after.audience.kind === 'anyone') {
    throw new PlatformError('bad_request', 'callers without an account cannot be approved', {
      field: 'approval',
      fix: 'Choose another audience, or turn approval off.',
    })
  }
  const before = Object.fromEntries(Object.keys(given).map((key) => [key, row[key as keyof typeof row]]))
  const shares = sharing.some((key) => key in given)
  // Chosen by a person: it holds again when a revision goes whose m3o.json says otherwise.
  const chosen =
    given.audience === undefined && given.ownerId === undefined
      ? null
      : {
          ...(given.audience !== undefined && { audience: { value: given.audience, at: Date.now() } }),
          ...(given.ownerId !== undefined && { ownerId: { value: given.ownerId, at: Date.now() } }),
        }
  await audited(
    platform.db,
    actor,
    {
      teamId: row.teamId,
      action: shares ? 'service.share' : 'service.update',
      target: `service ${row.name}`,
      before,
      after: given,
    },
    async (tx) => {
      await tx
        .update(services)
        .set({
          ...given,
          ...(chosen !== null && { choices: sql`${services.choices} || ${JSON.stringify(chosen)}::text::jsonb` }),
        })
        .where(eq(services.id, serviceId))
      if (given.audience !== undefined) await tellLosing(platform, tx, row, given.audience)
    },
  )
  await platform.routing.refresh({ services: [serviceId] })
  changed(platform, row)
  // Other teams see it in their catalogues, or do not any more.
  if (shares) {
    for (const teamId of Object.keys(platform.routing.table.teams))
      if (teamId !== row.teamId) changed(platform, { id: row.id, teamId })
  }
}

/** Said with every answer from now on, and to those who call it. Null: it is not any more. */
export async function deprecateService(
  platform: Platform,
  actor: Actor,
  serviceId: string,
  deprecation: { message: string; sunset: number | null; replacementId: string | null } | null,
): Promise<void> {
  const row = await findService(platform, serviceId)
  if (deprecation === null && row.deprecation === null) return
  if (deprecation?.replacementId === serviceId)
    throw new PlatformError('bad_request', 'it cannot replace itself', { field: 'replacement' })
  // Saying it otherwise does not make it younger.
  const after = deprecation && { ...deprecation, at: row.deprecation?.at ?? Date.now() }
  const said = after === null ? '' : /[.!?]$/.test(after.message) ? after.message : `${after.message}.`
  const until = after?.sunset == null ? '' : ` It stops on ${new Date(after.sunset).toISOString().slice(0, 10)}.`
  const instead =
    after?.replacementId == null ? '' : ` Use ${nameOf(platform, after.replacementId) ?? 'another service'} instead.`
  await audited(
    platform.db,
    actor,
    { teamId: row.teamId, action: 'service.deprecate', target: `service ${row.name}`, before: row.deprecation, after },
    async (tx) => {
      await tx.update(services).set({ deprecation: after }).where(eq(services.id, serviceId))
      await tell(
        tx,
        after === null
          ? { serviceId, kind: 'undeprecated', text: 'is no longer deprecated' }
          : { serviceId, kind: 'deprecated', text: `is deprecated: ${said}${until}${instead}` },
      )
    },
  )
  await platform.routing.refresh({ services: [serviceId] })
  changed(platform, row)
  for (const teamId of Object.keys(platform.routing.table.teams))
    if (teamId !== row.teamId) changed(platform, { id: row.id, teamId })
}

/** Routes first, then what runs, then its source and logs. */
export async function deleteService(
  platform: Platform,
  deployments: Deployments,
  actor: Actor,
  serviceId: string,
): Promise<void> {
  const row = await findService(platform, serviceId)
  await audited(
    platform.db,
    actor,
    { teamId: row.teamId, action: 'service.delete', target: `service ${row.name}`, before: { name: row.name } },
    async (tx) => {
      await tx.update(services).set({ deletedAt: Date.now() }).where(eq(services.id, serviceId))
      await tx.delete(documents).where(eq(documents.serviceId, serviceId))
      await tell(tx, { serviceId, kind: 'deleted', text: 'was deleted' })
    },
  )
  await removeDeleted(platform, deployments, row)
}

/** What was deleted when the runtime was killed: what is left of it goes. */
export async function finishDeletions(platform: Platform, deployments: Deployments): Promise<void> {
  const rows = await platform.db.select().from(services).where(isNotNull(services.deletedAt))
  const left = await platform.db
    .selectDistinct({ serviceId: releases.serviceId })
    .from(releases)
    .innerJoin(services, and(eq(services.id, releases.serviceId), isNotNull(services.deletedAt)))
  const released = new Set(left.map(({ serviceId }) => serviceId))
  for (const row of rows)
    if (released.has(row.id) || (await platform.source.repositories.exists(row.id)))
      await removeDeleted(platform, deployments, row)
}

/** The same however often it is done: its routes, what is on its way, its instances, then its source and logs. */
async function removeDeleted(
  platform: Platform,
  deployments: Deployments,
  { id, teamId }: { id: string; teamId: string },
): Promise<void> {
  const { routing, places, source, logs } = platform
  await routing.refresh({ services: [id] })
  await deployments.endOf(id, 'the service was deleted')
  await places.removeService(id)
  if (await source.repositories.exists(id)) await source.repositories.delete(id)
  await logs.delete(id)
  changed(platform, { id, teamId })
}

async function creatorOf({ db }: Platform, userId: string | null): Promise<{ name: string; email: string }> {
  const [user] = userId === null ? [] : await db.select().from(users).where(eq(users.id, userId))
  return authorOf(user)
}

function changed(platform: Platform, row: { id: string; teamId: string }): void {
  platform.events.emit({ type: 'service', teamId: row.teamId, serviceId: row.id, environmentId: null })
}
