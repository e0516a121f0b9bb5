import { randomBytes } from 'node:crypto'
import { and, eq, exists, gt, inArray, isNull, or } from 'drizzle-orm'
import { maxOpenInvitations } from '#contract/bounds.ts'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import { mayDo, type Role, roles } from '#contract/permissions.ts'
import type { Team } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Db, Transaction } from '#db/open.ts'
import { invitations, members, teams, users } from '#db/schema.ts'
import { requireFewer } from '../access/bounds.ts'
import { audited } from '../audit/audit.ts'
import { personOf } from '../people/person.ts'
import { sha256 } from '../tokens/tokens.ts'
import type { Platform } from '../platform.ts'

const lifeMs = 7 * 24 * 3_600_000

const open = () =>
  and(isNull(invitations.acceptedAt), isNull(invitations.revokedAt), gt(invitations.expiresAt, Date.now()))

const makers = and(eq(members.teamId, invitations.teamId), eq(members.userId, invitations.byUserId))

/** Whether somebody with this role (null: not a member) may invite somebody as `role`. */
const mayInvite = (own: Role | null | undefined, role: Role): boolean =>
  own != null &&
  mayDo('member.write', { signedIn: true, operator: false, role: own }) &&
  roles.indexOf(own) >= roles.indexOf(role)

/** Those that can be accepted: an invitation is void while whoever made it may not make it. */
export async function listInvitations({ db }: Platform, teamId: string) {
  const rows = await db
    .select({ row: invitations, by: users, makersRole: members.role })
    .from(invitations)
    .leftJoin(users, eq(users.id, invitations.byUserId))
    .leftJoin(members, makers)
    .where(and(eq(invitations.teamId, teamId), open()))
  return rows
    .filter(({ row, makersRole }) => row.byUserId === null || mayInvite(makersRole, row.role))
    .map(({ row, by }) => ({
      id: row.id,
      email: row.email,
      role: row.role,
      createdAt: row.createdAt,
      expiresAt: row.expiresAt,
      by: by && personOf(by),
    }))
}

/** The secret goes into the link and is not kept. */
export async function createInvitation(
  platform: Platform,
  actor: Actor,
  input: { teamId: string; email: string; role: Role },
) {
  const email = input.email.trim().toLowerCase()
  if (!/^[^\s@]{1,64}@[^\s@]{1,189}$/.test(email))
    throw new PlatformError('bad_request', `invalid email address: ${input.email}`, {
      field: 'email',
      fix: 'Give an address such as ann@example.com.',
    })
  await refuseHigherRole(platform, actor, input)
  const secret = randomBytes(20).toString('base64url')
  const now = Date.now()
  const row = {
    id: newId('invitation'),
    teamId: input.teamId,
    email,
    role: input.role,
    secretHash: sha256(secret),
    byUserId: actor.kind === 'platform' ? null : actor.id,
    createdAt: now,
    expiresAt: now + lifeMs,
  }
  await audited(
    platform.db,
    actor,
    { teamId: input.teamId, action: 'invitation.create', target: `person ${email}`, after: { role: input.role } },
    async (tx) => {
      // What a removed admin has left behind is void, and does not count.
      const made = exists(
        tx
          .select({ id: members.userId })
          .from(members)
          .where(and(makers, inArray(members.role, ['admin', 'owner']))),
      )
      await requireFewer(tx, {
        teamId: input.teamId,
        table: invitations,
        where: and(open(), or(isNull(invitations.byUserId), made)),
        most: maxOpenInvitations,
        what: 'open invitations',
        fix: 'Revoke some, or wait until some are accepted or expire.',
      })
      await tx.insert(invitations).values(row)
    },
  )
  platform.events.emit({ type: 'team', teamId: input.teamId })
  const [by] = row.byUserId === null ? [] : await platform.db.select().from(users).where(eq(users.id, row.byUserId))
  return {
    id: row.id,
    email,
    role: row.role,
    createdAt: now,
    expiresAt: row.expiresAt,
    by: by ? personOf(by) : null,
    secret,
  }
}

async function refuseHigherRole({ db }: Platform, actor: Actor, input: { teamId: string; role: Role }): Promise<void> {
  if (actor.kind === 'platform') return
  const [own] = await db
    .select({ role: members.role })
    .from(members)
    .where(and(eq(members.teamId, input.teamId), eq(members.userId, actor.id)))
  if (mayInvite(own?.role, input.role)) return
  throw new PlatformError('forbidden', `only an owner may invite an ${input.role}`, {
    field: 'role',
    fix: 'Choose a role up to your own.',
  })
}

export async function revokeInvitation(
  platform: Platform,
  actor: Actor,
  input: { teamId: string; invitationId: string },
): Promise<void> {
  await audited(
    platform.db,
    actor,
    { teamId: input.teamId, action: 'invitation.revoke', target: `invitation ${input.invitationId}` },
    async (tx) => {
      const revoked = await tx
        .update(invitations)
        .set({ revokedAt: Date.now() })
        .where(and(eq(invitations.id, input.invitationId), eq(invitations.teamId, input.teamId)))
        .returning({ id: invitations.id })
      if (revoked.length === 0) throw new PlatformError('not_found', 'this invitation does not exist')
    },
  )
  platform.events.emit({ type: 'team', teamId: input.teamId })
}

export async function readInvitation({ db }: Pick<Platform, 'db'>, secret: string) {
  const [row] = await db
    .select({ invitation: invitations, team: teams.name })
    .from(invitations)
    .innerJoin(teams, eq(teams.id, invitations.teamId))
    .where(and(eq(invitations.secretHash, sha256(secret)), open(), isNull(teams.deletedAt)))
  if (!row)
    throw new PlatformError('not_found', 'this invitation was used, revoked or has expired', {
      fix: 'Request a new one.',
    })
  await requireMaker(db, row.invitation)
  return {
    id: row.invitation.id,
    teamId: row.invitation.teamId,
    email: row.invitation.email,
    team: row.team,
    role: row.invitation.role,
  }
}

/** Locked, so that the maker is not removed, or made something less, at the same moment. */
async function requireMaker(
  db: Db | Transaction,
  { teamId, byUserId, role }: Pick<typeof invitations.$inferSelect, 'teamId' | 'byUserId' | 'role'>,
): Promise<void> {
  if (byUserId === null) return
  const [maker] = await db
    .select({ role: members.role })
    .from(members)
    .where(and(eq(members.teamId, teamId), eq(members.userId, byUserId)))
    .for('share')
  if (mayInvite(maker?.role, role)) return
  throw new PlatformError(
    'not_found',
    'this invitation is void: its sender may no longer invite people to this team with this role',
    { fix: 'Request a new one.' },
  )
}

/** Single use, and only for the address it was made for. */
export async function acceptInvitation(
  platform: Platform,
  actor: Actor,
  input: { secret: string; userId: string },
): Promise<Team> {
  const invitation = await readInvitation(platform, input.secret)
  const [user] = await platform.db.select().from(users).where(eq(users.id, input.userId))
  if (user?.email.toLowerCase() !== invitation.email) {
    throw new PlatformError('forbidden', `this invitation is for ${invitation.email}`, {
      fix: 'Sign in with that address, or request an invitation to your address.',
    })
  }
  const now = Date.now()
  await audited(
    platform.db,
    actor,
    {
      teamId: invitation.teamId,
      action: 'invitation.accept',
      target: `person ${user.email}`,
      after: { role: invitation.role },
    },
    async (tx) => {
      const taken = await tx
        .update(invitations)
        .set({ acceptedAt: now })
        .where(and(eq(invitations.id, invitation.id), isNull(invitations.acceptedAt), isNull(invitations.revokedAt)))
        .returning({ teamId: invitations.teamId, byUserId: invitations.byUserId, role: invitations.role })
      if (taken[0] === undefined) throw new PlatformError('conflict', 'this invitation was just used')
      await requireMaker(tx, taken[0])
      await tx
        .insert(members)
        .values({ teamId: invitation.teamId, userId: user.id, role: invitation.role, createdAt: now })
        .onConflictDoNothing()
    },
  )
  await platform.routing.refreshPerson(user.id)
  platform.events.emit({ type: 'team', teamId: invitation.teamId })
  return { id: invitation.teamId, name: invitation.team, role: invitation.role, createdAt: now }
}
