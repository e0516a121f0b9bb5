import { isDeepStrictEqual } from 'node:util'
import { and, eq, inArray, isNotNull, isNull, max, ne, notInArray, sql } from 'drizzle-orm'
import { widens } from '#contract/audience.ts'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import type { Manifest, ManifestAudience } from '#contract/manifest.ts'
import { mayDo } from '#contract/permissions.ts'
import type { Audience } from '#contract/routing.ts'
import { type Actor, platformActor } from '#contract/rpc.ts'
import type { Db, Transaction } from '#db/open.ts'
import { deployments, members, services, teams, tokens, users } from '#db/schema.ts'
import { type Change, writeAudit } from '../audit/audit.ts'
import type { At } from '../instances/place.ts'
import type { Plan } from '../instances/plan.ts'
import type { Declare } from '../instances/switch.ts'
import type { Platform } from '../platform.ts'
import { serviceEntities } from '../routing/entities.ts'
import { tellLosing } from '../sharing/losing.ts'
import type { DeploymentRow } from './record.ts'

/*
 * What m3o.json says of the service itself, its audience and owner, is true while that revision is live in production: it
 * takes effect in the transaction and in the routing change of the switch, and goes with the revision. What a person chose
 * in the console holds where the live revision says nothing.
 */

/** A service in one switch: what is live from then on, and on whose behalf; null: it leaves, or the platform reverts. */
export interface Declaring {
  at: At
  after: Plan | null
  by: DeploymentRow | null
}

type Row = typeof services.$inferSelect
interface Declared {
  audience?: Audience
  ownerId?: string
}
interface Next {
  row: Row
  audience: Audience
  ownerId: string | null
  choices: Row['choices']
}

/** Undefined when none of these services declares anything, before or after: the switch has nothing more to do. */
export function declaring(platform: Platform, switched: readonly Declaring[]): Declare | undefined {
  const concerned = switched.filter((one) => concerns(platform, one))
  if (concerned.length === 0) return undefined
  return async (tx) => {
    const changes: { actor: Actor; change: Change; serviceId: string }[] = []
    // In one order for everybody, so that two switches never wait for each other.
    for (const one of concerned.toSorted((a, b) => a.at.serviceId.localeCompare(b.at.serviceId))) {
      const { row, audience, ownerId, choices } = await nextOf(platform, tx, one)
      const given = {
        ...(isOther(audience, row.audience) && { audience }),
        ...(ownerId !== row.ownerId && { ownerId }),
      }
      if (Object.keys(given).length === 0 && !isOther(choices, row.choices)) continue
      await tx
        .update(services)
        .set({ ...given, choices })
        .where(eq(services.id, row.id))
      if (Object.keys(given).length === 0) continue
      if (given.audience) await tellLosing(platform, tx, row, given.audience)
      const before = Object.fromEntries(Object.keys(given).map((key) => [key, row[key as 'audience' | 'ownerId']]))
      changes.push({
        serviceId: row.id,
        actor: one.by === null ? platformActor : actorOf(one.by),
        change: {
          teamId: row.teamId,
          action: given.audience ? 'service.share' : 'service.update',
          target: `service ${row.name}`,
          before,
          after: given,
        },
      })
    }
    const entities = await serviceEntities(
      tx,
      changes.map(({ serviceId }) => serviceId),
    )
    for (const { actor, change } of changes) await writeAudit(tx, actor, change)
    return entities
  }
}

/** Refuses before anything is started what the switch would refuse. */
export async function requireMayDeclare(platform: Platform, by: DeploymentRow, plan: Plan): Promise<void> {
  const one = { at: by, after: plan, by }
  if (concerns(platform, one)) await nextOf(platform, platform.db, one)
}

const says = ({ audience, owner }: Manifest): boolean => audience !== undefined || owner !== undefined

function concerns({ routing, places }: Platform, { at, after, by }: Declaring): boolean {
  // The same revision again declares nothing anew.
  if (by?.kind === 'restart' || by?.kind === 'scale') return false
  if (routing.table.environments[at.environmentId]?.parentId !== null) return false
  const before = places.get(at)?.plan
  return (before !== undefined && says(before.build.manifest)) || (after !== null && says(after.build.manifest))
}

async function nextOf(platform: Platform, tx: Db | Transaction, { at, after, by }: Declaring): Promise<Next> {
  const [row] = await tx
    .select()
    .from(services)
    .where(and(eq(services.id, at.serviceId), isNull(services.deletedAt)))
    .for('update')
  if (!row) throw new PlatformError('not_found', 'this service no longer exists')
  const said =
    after === null
      ? {}
      : await declaredBy(tx, row.teamId, after.build.manifest).catch((error: unknown): Declared => {
          // The platform goes back to what was live, also where a team that it names is gone.
          if (by === null && isPlatformError(error)) return {}
          throw error
        })
  const before = platform.places.get(at)?.plan.build.manifest
  const next: Next = { row, audience: row.audience, ownerId: row.ownerId, choices: { ...row.choices } }
  // Going back takes back what the revision brought, not what a person has chosen since.
  const isReversal = by === null || by.kind === 'rollback'
  const since = isReversal ? await liveSince(tx, at, by?.id) : Infinity
  const isKept = (choice: { at: number } | undefined) => isReversal && choice !== undefined && choice.at > since
  if (!isKept(row.choices.audience)) {
    if (said.audience && row.choices.audience === undefined && before?.audience === undefined)
      next.choices.audience = { value: row.audience, at: 0 }
    next.audience = said.audience ?? row.choices.audience?.value ?? row.audience
  }
  if (!isKept(row.choices.ownerId)) {
    if (said.ownerId !== undefined && row.choices.ownerId === undefined && before?.owner === undefined)
      next.choices.ownerId = { value: row.ownerId, at: 0 }
    next.ownerId = said.ownerId ?? (row.choices.ownerId ? row.choices.ownerId.value : row.ownerId)
  }
  if (row.approval && next.audience.kind === 'anyone') {
    throw new PlatformError(
      'bad_request',
      `${row.name} requires approval, which callers without an account cannot have`,
      { fix: 'Choose another audience in m3o.json, or turn approval off.' },
    )
  }
  if (by !== null && widens(row.audience, next.audience, row.teamId) && !(await mayShare(tx, by))) {
    throw new PlatformError(
      'forbidden',
      `this revision widens the audience of ${row.name}, which needs the role admin`,
      { fix: 'Change "audience" in m3o.json, or ask an admin to deploy this revision.' },
    )
  }
  return next
}

/** When the live revision came; restarting and scaling it changes nothing in that. */
async function liveSince(tx: Db | Transaction, { serviceId, environmentId }: At, exceptId = ''): Promise<number> {
  const [found] = await tx
    .select({ at: max(deployments.liveAt) })
    .from(deployments)
    .where(
      and(
        eq(deployments.serviceId, serviceId),
        eq(deployments.environmentId, environmentId),
        isNotNull(deployments.liveAt),
        notInArray(deployments.kind, ['restart', 'scale']),
        ne(deployments.id, exceptId),
      ),
    )
  return found?.at ?? 0
}

const actorOf = (row: DeploymentRow): Actor =>
  row.byId === platformActor.id
    ? platformActor
    : { kind: 'person', id: row.byId, name: row.byName, ...(row.byTokenId !== null && { tokenId: row.byTokenId }) }

/** By the role of this moment and, where a token asked for it, by its scope. Who may call a service is of all its environments. */
async function mayShare(tx: Db | Transaction, { byId, byTokenId, teamId, serviceId }: DeploymentRow): Promise<boolean> {
  if (byId === platformActor.id) return true
  const [member] = await tx
    .select({ role: members.role })
    .from(members)
    .where(and(eq(members.teamId, teamId), eq(members.userId, byId)))
  const [token] =
    byTokenId === null
      ? []
      : await tx
          .select({ scope: tokens.scope })
          .from(tokens)
          .where(and(eq(tokens.id, byTokenId), isNull(tokens.revokedAt)))
  if (byTokenId !== null && token === undefined) return false
  const { services: named, environments } = token?.scope ?? {}
  if (environments !== undefined || named?.includes(serviceId) === false) return false
  return mayDo('service.share', { signedIn: true, operator: false, role: member?.role, scope: token?.scope })
}

async function declaredBy(tx: Db | Transaction, teamId: string, manifest: Manifest): Promise<Declared> {
  return {
    ...(manifest.audience !== undefined && { audience: await audienceOf(tx, manifest.audience) }),
    ...(manifest.owner !== undefined && { ownerId: await ownerOf(tx, teamId, manifest.owner) }),
  }
}

async function audienceOf(tx: Db | Transaction, said: ManifestAudience): Promise<Audience> {
  if (typeof said === 'string') return { kind: said }
  const found = await tx
    .select({ id: teams.id, name: teams.name })
    .from(teams)
    .where(and(inArray(teams.name, said), isNull(teams.deletedAt)))
  const missing = said.find((name) => !found.some((team) => team.name === name))
  if (missing !== undefined)
    throw new PlatformError(
      'invalid_manifest',
      `"audience" in m3o.json lists the team ${missing}, which does not exist`,
      {
        field: 'audience',
        fix: 'Correct "audience" in m3o.json.',
      },
    )
  return { kind: 'teams', teams: found.map((team) => team.id).sort() }
}

async function ownerOf(tx: Db | Transaction, teamId: string, email: string): Promise<string> {
  const [found] = await tx
    .select({ id: users.id })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.teamId, teamId), eq(sql`lower(${users.email})`, email.toLowerCase())))
  if (!found)
    throw new PlatformError('invalid_manifest', `the owner ${email} in m3o.json is not a member of the team`, {
      field: 'owner',
      fix: 'Correct "owner" in m3o.json, or invite this person.',
    })
  return found.id
}

const isOther = (one: unknown, other: unknown): boolean => !isDeepStrictEqual(one, other)
