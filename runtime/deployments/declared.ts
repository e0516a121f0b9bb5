import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Manifest, ManifestAudience } from '#contract/manifest.ts'
import { mayDo } from '#contract/permissions.ts'
import type { Audience } from '#contract/routing.ts'
import { type Actor, platformActor } from '#contract/rpc.ts'
import { members, teams, users } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { updateService } from '../services/services.ts'
import { findService } from '../services/views.ts'
import type { DeploymentRow } from './record.ts'

/** What m3o.json says of the service itself, audience and owner, once it is in production. Widening needs the permission to share. */
export async function applyManifest(platform: Platform, row: DeploymentRow, manifest: Manifest): Promise<void> {
  const change = await manifestChange(platform, row, manifest)
  if (change) await updateService(platform, actorOf(row), row.serviceId, change)
}

const actorOf = (row: DeploymentRow): Actor => (row.byId === platformActor.id ? platformActor : { kind: 'person', id: row.byId, name: row.byName })

/** What it would change; null when nothing. Refuses as it would be refused. */
export async function manifestChange(platform: Platform, row: DeploymentRow, manifest: Manifest) {
  const environment = platform.routing.table.environments[row.environmentId]
  if (environment?.parentId !== null || (manifest.audience === undefined && manifest.owner === undefined)) return null
  const service = await findService(platform, row.serviceId)
  const actor = actorOf(row)
  const audience = manifest.audience === undefined ? undefined : await audienceOf(platform, manifest.audience)
  if (audience && width(audience) > width(service.audience) && !(await mayShare(platform, actor, row.teamId))) {
    throw new PlatformError('forbidden', `m3o.json widens the audience of ${service.name}, which needs the role admin`, { fix: 'Take "audience" out of m3o.json, or ask an admin to deploy this revision.' })
  }
  const ownerId = manifest.owner === undefined ? undefined : await ownerOf(platform, row.teamId, manifest.owner)
  return {
    ...(audience && JSON.stringify(audience) !== JSON.stringify(service.audience) && { audience }),
    ...(ownerId !== undefined && ownerId !== service.ownerId && { ownerId }),
  }
}

const width = (audience: Audience): number => ['team', 'teams', 'platform', 'anyone'].indexOf(audience.kind) + (audience.kind === 'teams' ? audience.teams.length / 1_000 : 0)

async function mayShare({ db }: Platform, actor: Actor, teamId: string): Promise<boolean> {
  if (actor.kind === 'platform') return true
  const [member] = await db.select({ role: members.role }).from(members).where(and(eq(members.teamId, teamId), eq(members.userId, actor.id)))
  return mayDo('service.share', { signedIn: true, operator: false, role: member?.role })
}

async function audienceOf({ db }: Platform, said: ManifestAudience): Promise<Audience> {
  if (typeof said === 'string') return { kind: said }
  const found = await db.select({ id: teams.id, name: teams.name }).from(teams).where(and(inArray(teams.name, said), isNull(teams.deletedAt)))
  const missing = said.find((name) => !found.some((team) => team.name === name))
  if (missing !== undefined) throw new PlatformError('invalid_manifest', `m3o.json shares with a team ${missing}, which there is not`, { field: 'audience', fix: 'Correct "audience" in m3o.json.' })
  return { kind: 'teams', teams: found.map((team) => team.id) }
}

async function ownerOf({ db }: Platform, teamId: string, email: string): Promise<string> {
  const [found] = await db.select({ id: users.id }).from(members).innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.teamId, teamId), eq(sql`lower(${users.email})`, email.toLowerCase())))
  if (!found) throw new PlatformError('invalid_manifest', `m3o.json names ${email} as owner, who is not in the team`, { field: 'owner', fix: 'Correct "owner" in m3o.json, or invite them.' })
  return found.id
}
