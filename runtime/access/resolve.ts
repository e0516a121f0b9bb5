import { and, type Column, desc, eq, isNotNull, isNull, type Placeholder, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Role } from '#contract/permissions.ts'
import { guardedBy } from '#contract/protection.ts'
import { once } from '#db/once.ts'
import type { Db } from '#db/open.ts'
import { environments, members, releases, services, teams, tokens } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { formerOwner } from './names.ts'

export interface Names {
  userId: string | null
  team: string
  environment?: string | undefined
  service?: string | undefined
}

type FoundEnvironment = Pick<
  typeof environments.$inferSelect,
  'id' | 'name' | 'kind' | 'protection' | 'ownerId' | 'letIn'
>

/** Names to ids, and the person's role on the team; a former name still finds what it was given up for. */
export async function resolveNames(platform: Platform, names: Names) {
  const { db } = platform
  const { team, environment, service, role } =
    (await byCurrentNames(platform, names)) ?? (await byAnyNames(platform, names))
  return {
    teamId: team.id,
    team: team.name,
    role,
    environmentId: environment?.id ?? null,
    environment: environment?.name ?? null,
    environmentKind: environment?.kind ?? null,
    serviceId: service?.id ?? null,
    service: service?.name ?? null,
    protected: environment
      ? protectedOnes([environment])
      : service
        ? protectedOnes(await whereDeployed(db, service.id))
        : [],
  }
}

/** Null is the name of nothing. */
const current = once((db) => {
  const { id, name, kind, protection, ownerId, letIn } = environments
  const { placeholder } = sql
  return db
    .select({
      team: { id: teams.id, name: teams.name },
      environment: { id, name, kind, protection, ownerId, letIn },
      service: { id: services.id, name: services.name },
      role: members.role,
      machine: tokens.role,
    })
    .from(teams)
    .leftJoin(
      environments,
      and(
        eq(environments.teamId, teams.id),
        eq(environments.name, placeholder('environment')),
        isNull(environments.deletedAt),
      ),
    )
    .leftJoin(
      services,
      and(eq(services.teamId, teams.id), eq(services.name, placeholder('service')), isNull(services.deletedAt)),
    )
    .leftJoin(members, and(eq(members.teamId, teams.id), eq(members.userId, placeholder('userId'))))
    .leftJoin(tokens, isMachine(teams.id, placeholder('userId')))
    .where(and(eq(teams.name, placeholder('team')), isNull(teams.deletedAt)))
    .prepare('current_names')
})

/** With one question, as every request asks it; undefined where one of the names is not a current one. */
async function byCurrentNames({ db }: Platform, { team, environment, service, userId }: Names) {
  // Postgres knows no NUL, and nothing is named with one.
  if ([team, environment, service].some((name) => name?.includes('\0'))) return undefined
  const [row] = await current(db).execute({ team, environment: environment ?? null, service: service ?? null, userId })
  if (!row || (environment !== undefined && !row.environment) || (service !== undefined && !row.service))
    return undefined
  return { team: row.team, environment: row.environment, service: row.service, role: row.role ?? row.machine }
}

async function byAnyNames({ db }: Platform, { userId, ...names }: Names) {
  const team = await byName('team', '', names.team)
  const environment =
    names.environment === undefined ? undefined : await byName('environment', team.id, names.environment)
  const service = names.service === undefined ? undefined : await byName('service', team.id, names.service)
  return {
    team,
    environment: environment as FoundEnvironment | undefined,
    service,
    role: userId === null ? null : await roleOn({ db }, team.id, userId),
  }

  async function byName<K extends keyof typeof tables>(kind: K, teamId: string, name: string) {
    const found = name.includes('\0')
      ? undefined
      : ((await find(kind, teamId, { name })) ??
        (await find(kind, teamId, { id: await formerOwner(db, kind, teamId, name) })))
    if (found) return found
    if (kind === 'environment' && !name.includes('\0')) await refuseDeparted(teamId, name)
    throw new PlatformError('not_found', `${kind} ${name} does not exist`, {
      fix: fixes[kind],
      data: { kind, name },
    })
  }

  /** One that is gone is not unknown. */
  async function refuseDeparted(teamId: string, name: string): Promise<void> {
    const [row] = await db
      .select()
      .from(environments)
      .where(and(eq(environments.teamId, teamId), eq(environments.name, name), isNotNull(environments.deletedAt)))
      .orderBy(desc(environments.deletedAt))
      .limit(1)
    if (!row) return
    const canComeBack = row.expiresAt !== null && row.expiresAt > Date.now()
    throw new PlatformError('environment_gone', `the environment ${name} ${row.expired ? 'expired' : 'was deleted'}`, {
      fix: canComeBack ? `Restore it with \`m3o env restore ${name}\`, or choose another one.` : fixes.environment,
      data: {
        kind: 'environment',
        name,
        reason: row.expired ? 'expired' : 'deleted',
        ...(canComeBack && { until: row.expiresAt }),
      },
    })
  }

  async function find(kind: keyof typeof tables, teamId: string, by: { name?: string; id?: string | undefined }) {
    if (by.name === undefined && by.id === undefined) return undefined
    const table = tables[kind]
    const [row] = await db
      .select()
      .from(table)
      .where(
        and(
          by.name === undefined ? eq(table.id, by.id ?? '') : eq(table.name, by.name),
          'teamId' in table ? eq(table.teamId, teamId) : undefined,
          isNull(table.deletedAt),
        ),
      )
    if (row === undefined) return undefined
    return {
      id: row.id,
      name: row.name,
      ...('parentId' in row
        ? { kind: row.kind, protection: row.protection, ownerId: row.ownerId, letIn: row.letIn }
        : { kind: null, protection: null }),
    }
  }
}

function whereDeployed(db: Db, serviceId: string) {
  const { name, kind, protection, ownerId, letIn } = environments
  return db
    .select({ name, kind, protection, ownerId, letIn })
    .from(releases)
    .innerJoin(environments, eq(environments.id, releases.environmentId))
    .where(and(eq(releases.serviceId, serviceId), isNotNull(environments.protection), isNull(environments.deletedAt)))
}

const isMachine = (teamId: Column | string, id: string | Placeholder) =>
  and(eq(tokens.id, id), eq(tokens.teamId, teamId), isNull(tokens.revokedAt))

/** What somebody is in a team; a machine stands for itself, by the id of its token, for as long as that is good. */
export async function roleOn({ db }: Pick<Platform, 'db'>, teamId: string, userId: string): Promise<Role | null> {
  const [row] = await db
    .select({ role: members.role })
    .from(members)
    .where(and(eq(members.teamId, teamId), eq(members.userId, userId)))
  if (row !== undefined) return row.role
  const [machine] = await db.select({ role: tokens.role }).from(tokens).where(isMachine(teamId, userId))
  return machine?.role ?? null
}

function protectedOnes(found: readonly (Parameters<typeof guardedBy>[0] & { name: string })[]) {
  return found.flatMap((one) => {
    const protection = guardedBy(one)
    return protection === null ? [] : [{ environment: one.name, protection }]
  })
}

const tables = { team: teams, environment: environments, service: services }

const fixes = {
  team: 'List your teams with `m3o team list`.',
  environment: 'List them with `m3o env list`, or create it with `m3o env create`.',
  service: 'List them with `m3o services`.',
}
