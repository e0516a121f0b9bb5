import { and, desc, eq, isNull } from 'drizzle-orm'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { parseHostLabel } from '#contract/names.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Transaction } from '#db/open.ts'
import { consents, services, teams } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import type { Platform } from '../platform.ts'
import { resolveNames } from './resolve.ts'

/*
 * Whoever opens a service's host in a browser is signed in there by the console, without a click; a service can lead them to it. So a
 * service of a team that they are not in is told who they are only once they have agreed.
 */

/** Whose service is at a host, and whether a person agreed, or need not, as one of its team. @throws PlatformError `bad_request` for any other host: that would be an open redirect */
export async function consentAt(platform: Platform, { userId, host }: { userId: string; host: string }) {
  const named = serviceAt(platform, host)
  // A former name of a service leads to where it is by now, which may be another team's.
  const found = await resolveNames(platform, { userId, team: named.team, service: named.service }).catch(
    (error: unknown) => {
      if (isPlatformError(error) && error.code === 'not_found') return undefined
      throw error
    },
  )
  const serviceId = found?.serviceId ?? null
  if (serviceId === null || found?.service == null || !(await isOfAudience(platform, { userId, serviceId })))
    throw new PlatformError('not_found', 'no service has this address, or it is not shared with you')
  const { teamId, team: owner, role } = await ownerOf(platform, { userId, serviceId })
  const agreed = role || (await consentsOf(platform, userId)).includes(`${teamId}/${serviceId}`)
  return { serviceId, service: found.service, team: owner, agreed }
}

/** Whether it admits this person, as gateway/identity/identity.ts does; whoever waits for its approval knows of it. Others do not learn that it exists. */
async function isOfAudience({ routing }: Platform, { userId, serviceId }: Given): Promise<boolean> {
  const service = routing.table.services[serviceId]
  if (service === undefined) return false
  const { audience, teamId } = service
  if (audience.kind === 'anyone' || audience.kind === 'platform') return true
  const own = await routing.teamsOf(userId)
  return own.includes(teamId) || (audience.kind === 'teams' && audience.teams.some((team) => own.includes(team)))
}

async function ownerOf(
  platform: Platform,
  { userId, serviceId }: Given,
): Promise<{ teamId: string; team: string; role: boolean }> {
  const [row] = await platform.db
    .select({ teamId: teams.id, team: teams.name })
    .from(services)
    .innerJoin(teams, eq(teams.id, services.teamId))
    .where(and(eq(services.id, serviceId), isNull(services.deletedAt)))
  if (!row) throw new PlatformError('not_found', 'this service does not exist')
  return { ...row, role: (await platform.routing.teamsOf(userId)).includes(row.teamId) }
}

function serviceAt({ settings }: Platform, host: string): { service: string; team: string } {
  const [name = ''] = host.toLowerCase().split(':')
  const label = name.endsWith(`.${settings.domain}`) ? name.slice(0, -settings.domain.length - 1) : ''
  const parsed = parseHostLabel(label)
  if (parsed === undefined)
    throw new PlatformError('bad_request', 'no service has this host', {
      fix: 'Open the service from its page.',
    })
  return parsed
}

/** As the gateway has them: `{team id}/{service id}`. */
export async function consentsOf({ db }: Pick<Platform, 'db'>, userId: string): Promise<string[]> {
  const rows = await db.select().from(consents).where(eq(consents.userId, userId))
  return rows.map(({ teamId, serviceId }) => `${teamId}/${serviceId}`)
}

/** Newest first. What went to another team counts no more, and is left out. */
export async function listConsents({ db }: Pick<Platform, 'db'>, userId: string) {
  return db
    .select({ serviceId: services.id, service: services.name, team: teams.name, at: consents.createdAt })
    .from(consents)
    .innerJoin(
      services,
      and(eq(services.id, consents.serviceId), eq(services.teamId, consents.teamId), isNull(services.deletedAt)),
    )
    .innerJoin(teams, eq(teams.id, consents.teamId))
    .where(eq(consents.userId, userId))
    .orderBy(desc(consents.createdAt))
}

interface Given {
  userId: string
  serviceId: string
}

export async function agree(platform: Platform, actor: Actor, { userId, serviceId }: Given): Promise<void> {
  const { teamId } = await ownerOf(platform, { userId, serviceId })
  await change(platform, actor, { userId, serviceId, action: 'consent.give' }, (tx) =>
    tx.insert(consents).values({ userId, serviceId, teamId, createdAt: Date.now() }).onConflictDoNothing(),
  )
}

/** At once: what is open there by it ends. */
export async function revokeConsent(platform: Platform, actor: Actor, { userId, serviceId }: Given): Promise<void> {
  if (!(await consentsOf(platform, userId)).some((one) => one.endsWith(`/${serviceId}`)))
    throw new PlatformError('not_found', 'this service has no consent from you', { field: 'serviceId' })
  await change(platform, actor, { userId, serviceId, action: 'consent.revoke' }, (tx) =>
    tx.delete(consents).where(and(eq(consents.userId, userId), eq(consents.serviceId, serviceId))),
  )
}

async function change(
  platform: Platform,
  actor: Actor,
  { userId, serviceId, action }: Given & { action: string },
  run: (tx: Transaction) => Promise<unknown>,
): Promise<void> {
  const [service] = await platform.db
    .select({ name: services.name, team: teams.name })
    .from(services)
    .innerJoin(teams, eq(teams.id, services.teamId))
    .where(eq(services.id, serviceId))
  if (!service) throw new PlatformError('not_found', 'this service does not exist', { field: 'serviceId' })
  await audited(
    platform.db,
    actor,
    { teamId: null, action, target: `service @${service.team}/${service.name}` },
    async (tx) => void (await run(tx)),
  )
  const now = await consentsOf(platform, userId)
  const sessions = Object.values(platform.routing.table.sessions).filter((session) => session.personId === userId)
  await platform.routing.apply({
    sessions: Object.fromEntries(sessions.map((session) => [session.id, { ...session, consents: now }])),
  })
}
