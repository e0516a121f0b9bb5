import { and, count, eq, isNull, or } from 'drizzle-orm'
import { maxFormerNames, maxTeamsOfPerson } from '#contract/bounds.ts'
import { PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import { teamName } from '#contract/names.ts'
import type { Team } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Transaction } from '#db/open.ts'
import { environments, formerNames, members, services, teams, tokens, users } from '#db/schema.ts'
import { claimName, keepFormerName, keepsNames, parseName } from '../access/names.ts'
import { audited } from '../audit/audit.ts'
import type { Platform } from '../platform.ts'

/** Those of a person; of a machine, by its token's id, the one. */
export async function listTeams({ db }: Platform, userId: string): Promise<Team[]> {
  const [machine] = await db
    .select({ id: teams.id, name: teams.name, role: tokens.role, createdAt: teams.createdAt })
    .from(tokens)
    .innerJoin(teams, eq(teams.id, tokens.teamId))
    .where(and(eq(tokens.id, userId), isNull(tokens.revokedAt), isNull(teams.deletedAt)))
  if (machine?.role != null) return [{ ...machine, role: machine.role }]
  return db
    .select({ id: teams.id, name: teams.name, role: members.role, createdAt: teams.createdAt })
    .from(teams)
    .innerJoin(members, eq(members.teamId, teams.id))
    .where(and(eq(members.userId, userId), isNull(teams.deletedAt)))
    .orderBy(members.createdAt, teams.name)
}

/** A team begins with `production`. The first one, which the platform makes for itself, is owned by whoever sets it up. */
export async function createTeam(
  platform: Platform,
  actor: Actor,
  input: { name: string; ownerId: string | null },
): Promise<Team> {
  const name = parseName(teamName, input.name)
  const adopted = input.ownerId === null ? undefined : await adoptUnowned(platform, actor, name, input.ownerId)
  if (adopted) return adopted
  await requireApart(platform)
  const now = Date.now()
  const team = { id: newId('team'), name, createdAt: now, deletedAt: null }
  const production = {
    id: newId('environment'),
    teamId: team.id,
    name: 'production',
    kind: 'production' as const,
    parentId: null,
    ownerId: null,
    generation: 0,
    createdAt: now,
    expiresAt: null,
    deletedAt: null,
  }
  await audited(
    platform.db,
    actor,
    { teamId: team.id, action: 'team.create', target: `team ${name}`, after: { name } },
    async (tx) => {
      if (input.ownerId !== null) await requireFewTeams(tx, input.ownerId)
      await claimName(
        tx,
        { kind: 'team', scope: '', name, id: team.id },
        () => tx.insert(teams).values(team),
        input.ownerId,
      )
      await tx.insert(environments).values(production)
      if (input.ownerId !== null)
        await tx.insert(members).values({ teamId: team.id, userId: input.ownerId, role: 'owner', createdAt: now })
    },
  )
  await platform.routing.refresh({ teams: [team.id], environments: [production.id] })
  platform.events.emit({ type: 'team', teamId: team.id })
  return { id: team.id, name, role: 'owner', createdAt: now }
}

/** Gives a team without members, if one is so called, to its first owner. */
async function adoptUnowned(
  platform: Platform,
  actor: Actor,
  name: string,
  ownerId: string,
): Promise<Team | undefined> {
  const [team] = await platform.db
    .select()
    .from(teams)
    .where(and(eq(teams.name, name), isNull(teams.deletedAt)))
  if (!team) return undefined
  const [found] = await platform.db.select({ members: count() }).from(members).where(eq(members.teamId, team.id))
  if (found?.members !== 0) return undefined
  await audited(
    platform.db,
    actor,
    { teamId: team.id, action: 'member.add', target: `team ${name}`, after: { role: 'owner' } },
    (tx) => tx.insert(members).values({ teamId: team.id, userId: ownerId, role: 'owner', createdAt: Date.now() }),
  )
  platform.events.emit({ type: 'team', teamId: team.id })
  return { id: team.id, name, role: 'owner', createdAt: team.createdAt }
}

/** Where services of two teams cannot be isolated on this machine, there is one team. */
async function requireApart({ engine, db, settings }: Platform): Promise<void> {
  if (engine.describe().teamsApart || settings.teamsWithoutWalls) return
  const [found] = await db.select({ teams: count() }).from(teams).where(isNull(teams.deletedAt))
  if (found?.teams === 0) return
  throw new PlatformError('forbidden', 'this machine cannot isolate teams from each other', {
    fix: 'Run M3O as root on Linux with bubblewrap and nftables, or, where all teams trust one another, with M3O_TEAMS_WITHOUT_WALLS=1; then create the team again.',
  })
}

/** Deleted teams whose names are kept count, or making and deleting teams would take all names. */
async function requireFewTeams(tx: Transaction, ownerId: string): Promise<void> {
  await tx.select({ id: users.id }).from(users).where(eq(users.id, ownerId)).for('no key update')
  const [owned] = await tx
    .select({ teams: count() })
    .from(members)
    .innerJoin(teams, eq(teams.id, members.teamId))
    .where(and(eq(members.userId, ownerId), eq(members.role, 'owner'), or(isNull(teams.deletedAt), keepsNames(tx))))
  if (owned === undefined || owned.teams < maxTeamsOfPerson) return
  throw new PlatformError('forbidden', `you own ${maxTeamsOfPerson} teams, which is the limit`, {
    fix: 'Delete a team that you do not need. The names of a deleted team that had services count for 30 days more.',
  })
}

export async function renameTeam(platform: Platform, actor: Actor, teamId: string, newName: string): Promise<void> {
  const name = parseName(teamName, newName)
  const team = await findTeam(platform, teamId)
  if (team.name === name) return
  await audited(
    platform.db,
    actor,
    { teamId, action: 'team.rename', target: `team ${team.name}`, before: { name: team.name }, after: { name } },
    async (tx) => {
      await claimName(tx, { kind: 'team', scope: '', name, id: teamId }, () =>
        tx.update(teams).set({ name }).where(eq(teams.id, teamId)),
      )
      await keepFormerName(tx, { kind: 'team', scope: '', name: team.name, id: teamId })
      const [kept] = await tx
        .select({ names: count() })
        .from(formerNames)
        .where(and(eq(formerNames.kind, 'team'), eq(formerNames.id, teamId)))
      if (kept !== undefined && kept.names > maxFormerNames) {
        throw new PlatformError('conflict', `a team can have at most ${maxFormerNames} former names`, {
          field: 'name',
          fix: 'Choose one of its former names, which still work.',
        })
      }
    },
  )
  await platform.routing.refresh({ teams: [teamId] })
  platform.events.emit({ type: 'team', teamId })
}

/** Only without services, so that nobody loses one by the way. */
export async function deleteTeam(platform: Platform, actor: Actor, teamId: string): Promise<void> {
  const team = await findTeam(platform, teamId)
  const left = await platform.db
    .select({ name: services.name })
    .from(services)
    .where(and(eq(services.teamId, teamId), isNull(services.deletedAt)))
  if (left.length > 0) {
    const names = left.map((service) => service.name)
    throw new PlatformError(
      'conflict',
      `${team.name} still has ${names.length} services: ${names.slice(0, 5).join(', ')}`,
      { fix: 'Delete or transfer them first.' },
    )
  }
  await audited(
    platform.db,
    actor,
    { teamId, action: 'team.delete', target: `team ${team.name}`, before: { name: team.name } },
    (tx) => tx.update(teams).set({ deletedAt: Date.now() }).where(eq(teams.id, teamId)),
  )
  await platform.routing.refresh({ teams: [teamId] })
  platform.events.emit({ type: 'team', teamId })
}

export async function findTeam({ db }: Pick<Platform, 'db'>, teamId: string): Promise<typeof teams.$inferSelect> {
  const [team] = await db
    .select()
    .from(teams)
    .where(and(eq(teams.id, teamId), isNull(teams.deletedAt)))
  if (!team) throw new PlatformError('not_found', 'this team no longer exists')
  return team
}
