import { and, desc, eq, isNotNull, isNull } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Role } from '#contract/permissions.ts'
import type { Protection } from '#contract/protection.ts'
import { environments, members, releases, services, teams, tokens } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { formerOwner } from './names.ts'

export interface Names {
  userId: string | null
  team: string
  environment?: string | undefined
  service?: string | undefined
}

/** Names to ids, and the person's role on the team; a former name still finds what it was given up for. */
export async function resolveNames({ db }: Platform, names: Names) {
  const team = await byName('team', '', names.team)
  const environment = names.environment === undefined ? undefined : await byName('environment', team.id, names.environment)
  const service = names.service === undefined ? undefined : await byName('service', team.id, names.service)
  return {
    teamId: team.id, team: team.name, role: names.userId === null ? null : await roleOn({ db }, team.id, names.userId),
    environmentId: environment?.id ?? null, environment: environment?.name ?? null, environmentKind: environment?.kind ?? null,
    serviceId: service?.id ?? null, service: service?.name ?? null,
    protected: environment !== undefined ? protectedOnes([environment]) : service !== undefined ? protectedOnes(await whereDeployed(service.id)) : [],
  }

  function whereDeployed(serviceId: string) {
    return db.select({ name: environments.name, protection: environments.protection }).from(releases)
      .innerJoin(environments, eq(environments.id, releases.environmentId))
      .where(and(eq(releases.serviceId, serviceId), isNotNull(environments.protection), isNull(environments.deletedAt)))
  }

  async function byName<K extends keyof typeof tables>(kind: K, teamId: string, name: string) {
    // Postgres knows no NUL, and nothing is named with one.
    const found = name.includes('\0') ? undefined : (await find(kind, teamId, { name })) ?? (await find(kind, teamId, { id: await formerOwner(db, kind, teamId, name) }))
    if (found) return found
    if (kind === 'environment' && !name.includes('\0')) await refuseDeparted(teamId, name)
    throw new PlatformError('not_found', `there is no ${kind} named ${name}`, { fix: fixes[kind], data: { kind, name } })
  }

  /** One that is gone is not unknown. */
  async function refuseDeparted(teamId: string, name: string): Promise<void> {
    const [row] = await db.select().from(environments)
      .where(and(eq(environments.teamId, teamId), eq(environments.name, name), isNotNull(environments.deletedAt))).orderBy(desc(environments.deletedAt)).limit(1)
    if (!row) return
    const canComeBack = row.expiresAt !== null && row.expiresAt > Date.now()
    throw new PlatformError('environment_gone', `the environment ${name} ${row.expired ? 'expired' : 'was deleted'}`, {
      fix: canComeBack ? `Bring it back with \`m3o env restore ${name}\`, or choose another one.` : fixes.environment,
      data: { kind: 'environment', name, reason: row.expired ? 'expired' : 'deleted', ...(canComeBack && { until: row.expiresAt }) },
    })
  }

  async function find(kind: keyof typeof tables, teamId: string, by: { name?: string; id?: string | undefined }) {
    if (by.name === undefined && by.id === undefined) return undefined
    const table = tables[kind]
    const [row] = await db.select().from(table).where(and(
      by.name === undefined ? eq(table.id, by.id ?? '') : eq(table.name, by.name),
      'teamId' in table ? eq(table.teamId, teamId) : undefined,
      isNull(table.deletedAt),
    ))
    if (row === undefined) return undefined
    return { id: row.id, name: row.name, ...('parentId' in row ? { kind: row.kind, protection: row.protection } : { kind: null, protection: null }) }
  }
}

/** What somebody is in a team; a machine stands for itself, by the id of its token, for as long as that is good. */
export async function roleOn({ db }: Pick<Platform, 'db'>, teamId: string, userId: string): Promise<Role | null> {
  const [row] = await db.select({ role: members.role }).from(members).where(and(eq(members.teamId, teamId), eq(members.userId, userId)))
  if (row !== undefined) return row.role
  const [machine] = await db.select({ role: tokens.role }).from(tokens).where(and(eq(tokens.id, userId), eq(tokens.teamId, teamId), isNull(tokens.revokedAt)))
  return machine?.role ?? null
}

const protectedOnes = (found: readonly { name: string; protection: Protection | null }[]) =>
  found.flatMap(({ name, protection }) => (protection === null ? [] : [{ environment: name, protection }]))

const tables = { team: teams, environment: environments, service: services }

const fixes = {
  team: 'List your teams with `m3o team list`.',
  environment: 'List them with `m3o env list`, or create it with `m3o env create`.',
  service: 'List them with `m3o services`.',
}
