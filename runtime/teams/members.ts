import { and, eq } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { type Role, roles } from '#contract/permissions.ts'
import type { Member } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { members, teams, users } from '#db/schema.ts'
import type { Transaction } from '#db/open.ts'
import { audited } from '../audit/audit.ts'
import { personOf } from '../people/person.ts'
import type { Platform } from '../platform.ts'

export async function listMembers({ db }: Platform, teamId: string): Promise<Member[]> {
  const rows = await db
    .select({ user: users, role: members.role, since: members.createdAt })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(eq(members.teamId, teamId))
  return rows
    .map(({ user, role, since }) => ({ person: personOf(user), role, since }))
    .sort((a, b) => roles.indexOf(b.role) - roles.indexOf(a.role) || a.person.name.localeCompare(b.person.name))
}

export async function setRole(
  platform: Platform,
  actor: Actor,
  input: { teamId: string; userId: string; role: Role },
): Promise<void> {
  const email = await emailOf(platform, input)
  await audited(
    platform.db,
    actor,
    { teamId: input.teamId, action: 'member.role', target: `person ${email}`, after: { role: input.role } },
    async (tx) => {
      await mayGrant(tx, actor, input.teamId, input.userId, input.role)
      await tx
        .update(members)
        .set({ role: input.role })
        .where(and(eq(members.teamId, input.teamId), eq(members.userId, input.userId)))
      await keepAnOwner(tx, input.teamId)
    },
  )
  await platform.routing.refreshPerson(input.userId)
  platform.events.emit({ type: 'team', teamId: input.teamId })
}

export async function removeMember(
  platform: Platform,
  actor: Actor,
  input: { teamId: string; userId: string },
): Promise<void> {
  const email = await emailOf(platform, input)
  await audited(
    platform.db,
    actor,
    { teamId: input.teamId, action: 'member.remove', target: `person ${email}` },
    async (tx) => {
      await mayGrant(tx, actor, input.teamId, input.userId, null)
      await tx.delete(members).where(and(eq(members.teamId, input.teamId), eq(members.userId, input.userId)))
      await keepAnOwner(tx, input.teamId)
    },
  )
  await platform.routing.refreshPerson(input.userId)
  platform.events.emit({ type: 'team', teamId: input.teamId })
}

/** Nobody makes or unmakes somebody above themselves; leaving is everyone's own choice. */
async function mayGrant(
  tx: Transaction,
  actor: Actor,
  teamId: string,
  userId: string,
  role: Role | null,
): Promise<void> {
  if (actor.kind === 'platform' || (actor.id === userId && role === null)) return
  const rank = async (id: string) => {
    const [row] = await tx
      .select({ role: members.role })
      .from(members)
      .where(and(eq(members.teamId, teamId), eq(members.userId, id)))
    return row ? roles.indexOf(row.role) : -1
  }
  const own = await rank(actor.id)
  if (own >= (await rank(userId)) && own >= (role === null ? 0 : roles.indexOf(role))) return
  throw new PlatformError('forbidden', 'only an owner may do this to another owner', {
    fix: 'Ask an owner of the team.',
  })
}

async function keepAnOwner(tx: Transaction, teamId: string): Promise<void> {
  // Locked, so that two owners who leave at the same moment cannot both be the last but one.
  await tx.select({ id: teams.id }).from(teams).where(eq(teams.id, teamId)).for('update')
  const owners = await tx
    .select({ id: members.userId })
    .from(members)
    .where(and(eq(members.teamId, teamId), eq(members.role, 'owner')))
  if (owners.length === 0)
    throw new PlatformError('conflict', 'a team needs an owner', { fix: 'Make another person an owner first.' })
}

async function emailOf({ db }: Platform, { teamId, userId }: { teamId: string; userId: string }): Promise<string> {
  const [row] = await db
    .select({ email: users.email })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.teamId, teamId), eq(members.userId, userId)))
  if (!row) throw new PlatformError('not_found', 'this person is not a member of the team')
  return row.email
}
