import { and, eq, gte, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Consumer, Consumers, ConsumerState, PendingAsk, UsageSum } from '#contract/sharing.ts'
import { consumers, services, teams, usage } from '#db/schema.ts'
import { writeAudit } from '../audit/audit.ts'
import type { Platform } from '../platform.ts'
import { requireShared } from '../services/shared.ts'
import { findService } from '../services/views.ts'
import { findTeam } from '../teams/teams.ts'
import { recentCalls, serviceOf } from './dependants.ts'
import { tell } from './news.ts'

const dayMs = 86_400_000
type Row = typeof consumers.$inferSelect
type ServiceRow = typeof services.$inferSelect

const never: Omit<Row, 'serviceId' | 'teamId'> = {
  state: null,
  reason: '',
  answer: '',
  perMinute: null,
  askedBy: '',
  askedAt: null,
  decidedBy: '',
  decidedAt: null,
}

/** Everybody who calls it, asks to, or may, by name; those who wait for an answer first, then whoever calls most. */
export async function listConsumers(
  platform: Platform,
  serviceId: string,
  days: number,
  now = Date.now(),
): Promise<Consumers> {
  const service = await findService(platform, serviceId)
  const [rows, used, calls] = await Promise.all([
    platform.db.select().from(consumers).where(eq(consumers.serviceId, serviceId)),
    usageByDay(platform, service, { days, now }),
    recentCalls(platform.db, serviceId, now),
  ])
  const named = service.audience.kind === 'teams' ? service.audience.teams : []
  const ids = new Set([...rows.map(({ teamId }) => teamId), ...used.keys(), ...named])
  const all = [...ids].flatMap((teamId) => {
    const team = teamId === '' ? 'anyone' : platform.routing.table.teams[teamId]?.name
    return team === undefined
      ? []
      : [
          describe(service, {
            teamId,
            team,
            row: rows.find((row) => row.teamId === teamId),
            used: used.get(teamId),
            days,
            now,
          }),
        ]
  })
  const weight = ({ state, own, total }: Consumer) => (state === 'asked' ? 1e15 : own ? -1 : total.requests)
  return {
    consumers: all.sort((a, b) => weight(b) - weight(a) || a.team.localeCompare(b.team)),
    calls: calls
      .filter(({ endpoint }) => endpoint !== '')
      .map(({ endpoint, caller, teamId, requests, lastAt }) => ({
        endpoint,
        requests,
        lastAt,
        team:
          platform.routing.table.teams[teamId]?.name ??
          (caller === 'anyone' ? 'anyone' : (platform.routing.table.teams[service.teamId]?.name ?? '')),
        caller: serviceOf(platform, caller) ?? (caller === 'anyone' ? 'anyone' : 'people'),
      }))
      .sort((a, b) => b.requests - a.requests),
  }
}

/** How one team uses another's service; of the others it learns nothing. */
export async function readConsumer(
  platform: Platform,
  teamId: string,
  name: string,
  days: number,
  now = Date.now(),
): Promise<Consumer> {
  const { service } = await requireShared(platform, teamId, name)
  const [[row], used] = await Promise.all([
    platform.db
      .select()
      .from(consumers)
      .where(and(eq(consumers.serviceId, service.id), eq(consumers.teamId, teamId))),
    usageByDay(platform, service, { days, now, teamId }),
  ])
  const own = describe(service, {
    teamId,
    team: (await findTeam(platform, teamId)).name,
    row,
    used: used.get(teamId),
    days,
    now,
  })
  return { ...own, perMinute: row?.perMinute ?? service.perMinute }
}

interface Described {
  teamId: string
  team: string
  row: Row | undefined
  used: Map<number, UsageSum> | undefined
  days: number
  now: number
}

function describe(service: ServiceRow, { teamId, team, row, used, days, now }: Described): Consumer {
  const { audience } = service
  const { state, reason, answer, perMinute, askedBy, askedAt, decidedBy, decidedAt } = row ?? never
  const today = Math.floor(now / dayMs) * dayMs
  const series = Array.from({ length: days }, (_, index) => today - (days - 1 - index) * dayMs).map((day) => ({
    day,
    ...(used?.get(day) ?? none),
  }))
  return {
    teamId,
    team,
    own: teamId === service.teamId,
    admitted:
      teamId === service.teamId ||
      (audience.kind === 'teams'
        ? audience.teams.includes(teamId)
        : audience.kind === 'anyone' || (audience.kind === 'platform' && teamId !== '')),
    state,
    reason,
    answer,
    perMinute,
    askedBy,
    askedAt,
    decidedBy,
    decidedAt,
    total: sumOf(series),
    days: series,
  }
}

const none: UsageSum = { requests: 0, errors: 0, meanMs: null, limited: 0 }

function sumOf(all: readonly UsageSum[]): UsageSum {
  const requests = all.reduce((sum, one) => sum + one.requests, 0)
  const ms = all.reduce((sum, one) => sum + (one.meanMs ?? 0) * one.requests, 0)
  return {
    requests,
    errors: all.reduce((sum, one) => sum + one.errors, 0),
    limited: all.reduce((sum, one) => sum + one.limited, 0),
    meanMs: requests === 0 ? null : ms / requests,
  }
}

/** Sums by team, then by day (UTC); the empty string for anyone. What was counted before callers' teams were is its own team's. */
async function usageByDay(
  { db }: Platform,
  service: ServiceRow,
  { days, now, teamId }: { days: number; now: number; teamId?: string },
): Promise<Map<string, Map<number, UsageSum>>> {
  const since = Math.floor(now / dayMs) * dayMs - (days - 1) * dayMs
  const team = sql<string>`case when ${usage.caller} = 'anyone' then '' when ${usage.callerTeamId} = '' then ${service.teamId} else ${usage.callerTeamId} end`
  const day = sql<string>`extract(epoch from date_trunc('day', ${usage.hour} at time zone 'UTC') at time zone 'UTC') * 1000`
  const rows = await db
    .select({
      team: team.as('team'),
      day: day.as('day'),
      requests: sql<string>`sum(${usage.requests})`,
      errors: sql<string>`sum(${usage.errors})`,
      limited: sql<string>`sum(${usage.limited})`,
      ms: sql<number>`sum(${usage.totalMs})`,
    })
    .from(usage)
    .where(
      and(
        eq(usage.serviceId, service.id),
        gte(usage.hour, since),
        teamId === undefined ? undefined : eq(usage.callerTeamId, teamId),
      ),
    )
    .groupBy(sql`team`, sql`day`)
  const byTeam = new Map<string, Map<number, UsageSum>>()
  for (const row of rows) {
    const requests = Number(row.requests)
    const of = byTeam.get(row.team) ?? new Map<number, UsageSum>()
    byTeam.set(
      row.team,
      of.set(Number(row.day), {
        requests,
        errors: Number(row.errors),
        limited: Number(row.limited),
        meanMs: requests === 0 ? null : row.ms / requests,
      }),
    )
  }
  return byTeam
}

/** A team asks to call a service that wants to be asked; it is told as soon as that is decided. */
export async function askToCall(
  platform: Platform,
  actor: Actor,
  { teamId, name, reason }: { teamId: string; name: string; reason: string },
): Promise<void> {
  const { service, access } = await requireShared(platform, teamId, name)
  const said = spokenAccess[access]
  if (said !== undefined)
    throw new PlatformError('not_in_this_state', said, {
      ...(access === 'read' && { fix: 'Ask its team to share it with your team.' }),
    })
  const team = await findTeam(platform, teamId)
  const row = {
    ...never,
    serviceId: service.id,
    teamId,
    state: 'asked' as const,
    reason,
    askedBy: actor.name,
    askedAt: Date.now(),
  }
  await platform.db.transaction(async (tx) => {
    await tx
      .insert(consumers)
      .values(row)
      .onConflictDoUpdate({
        target: [consumers.serviceId, consumers.teamId],
        set: { state: 'asked', reason, askedBy: actor.name, askedAt: row.askedAt, answer: '' },
      })
    await auditBoth(platform, tx, actor, service, teamId, {
      action: 'consumer.ask',
      target: `service ${service.name}`,
      after: { team: team.name, reason },
    })
  })
  changed(platform, service, teamId)
}

const spokenAccess: Partial<Record<string, string>> = {
  open: 'your team may already call it',
  approved: 'your team may already call it',
  asked: 'your team has already requested approval',
  read: 'your team is not in its audience',
}

const verdicts = { approve: 'approved', decline: 'declined', revoke: 'revoked' } as const satisfies Record<
  string,
  ConsumerState
>
export type Verdict = keyof typeof verdicts

/** From the next call on. Approving needs no ask before it. */
export async function decide(
  platform: Platform,
  actor: Actor,
  {
    serviceId,
    teamId,
    verdict,
    answer,
    askedAt,
  }: { serviceId: string; teamId: string; verdict: Verdict; answer: string; askedAt?: number | null | undefined },
): Promise<void> {
  const [service, team] = await Promise.all([findService(platform, serviceId), findTeam(platform, teamId)])
  if (teamId === service.teamId)
    throw new PlatformError('bad_request', `${team.name} is its own team, which may always call it`, { field: 'of' })
  const state = verdicts[verdict]
  await platform.db.transaction(async (tx) => {
    const [before] = await tx
      .select()
      .from(consumers)
      .where(and(eq(consumers.serviceId, serviceId), eq(consumers.teamId, teamId)))
      .for('update')
    if (askedAt !== undefined && askedAt !== (before?.askedAt ?? null))
      throw new PlatformError(
        'conflict',
        `${team.name} changed its request since you looked${before?.reason ? `: ${before.reason}` : ''}`,
        { fix: 'Check the request, then decide.' },
      )
    const mayFollow =
      verdict === 'approve'
        ? before?.state !== 'approved'
        : verdict === 'decline'
          ? before?.state === 'asked'
          : before?.state === 'approved'
    if (!mayFollow)
      throw new PlatformError(
        'not_in_this_state',
        verdict === 'approve'
          ? `${team.name} is already approved`
          : verdict === 'decline'
            ? `${team.name} has no open request`
            : `${team.name} is not approved`,
      )
    const row = { ...never, serviceId, teamId, state, answer, decidedBy: actor.name, decidedAt: Date.now() }
    await tx
      .insert(consumers)
      .values(row)
      .onConflictDoUpdate({
        target: [consumers.serviceId, consumers.teamId],
        set: { state, answer, decidedBy: row.decidedBy, decidedAt: row.decidedAt },
      })
    await auditBoth(platform, tx, actor, service, teamId, {
      action: `consumer.${verdict}`,
      target: `service ${service.name}`,
      before: { team: team.name, state: before?.state ?? null },
      after: { team: team.name, state, ...(answer !== '' && { answer }) },
    })
    await tell(tx, {
      serviceId,
      teamId,
      kind: 'approval',
      text: `${{ approve: 'approved your team', decline: 'declined the request of your team', revoke: 'revoked the approval of your team' }[verdict]}${answer === '' ? '' : `: ${answer}`}`,
    })
  })
  await platform.routing.refresh({ services: [serviceId] })
  changed(platform, service, teamId)
}

/** Null: the service's number for everybody. */
export async function limitConsumer(
  platform: Platform,
  actor: Actor,
  { serviceId, teamId, perMinute }: { serviceId: string; teamId: string; perMinute: number | null },
): Promise<void> {
  const [service, team] = await Promise.all([findService(platform, serviceId), findTeam(platform, teamId)])
  if (teamId === service.teamId)
    throw new PlatformError('bad_request', `${team.name} is its own team, which has no limit`, { field: 'of' })
  await platform.db.transaction(async (tx) => {
    const [before] = await tx
      .select()
      .from(consumers)
      .where(and(eq(consumers.serviceId, serviceId), eq(consumers.teamId, teamId)))
      .for('update')
    await tx
      .insert(consumers)
      .values({ ...never, serviceId, teamId, perMinute })
      .onConflictDoUpdate({ target: [consumers.serviceId, consumers.teamId], set: { perMinute } })
    await auditBoth(platform, tx, actor, service, teamId, {
      action: 'consumer.limit',
      target: `service ${service.name}`,
      before: { team: team.name, perMinute: before?.perMinute ?? null },
      after: { team: team.name, perMinute },
    })
  })
  await platform.routing.refresh({ services: [serviceId] })
  changed(platform, service, teamId)
}

/** Of all its services, the oldest first. */
export async function pendingAsks({ db }: Platform, teamId: string): Promise<PendingAsk[]> {
  const rows = await db
    .select({
      service: services.name,
      team: teams.name,
      reason: consumers.reason,
      by: consumers.askedBy,
      at: consumers.askedAt,
    })
    .from(consumers)
    .innerJoin(services, eq(services.id, consumers.serviceId))
    .innerJoin(teams, eq(teams.id, consumers.teamId))
    .where(
      and(
        eq(services.teamId, teamId),
        eq(consumers.state, 'asked'),
        sql`${services.deletedAt} is null`,
        sql`${teams.deletedAt} is null`,
      ),
    )
    .orderBy(consumers.askedAt)
  return rows.map((row) => ({ ...row, at: row.at ?? 0 }))
}

/** Both teams' logs of changes have it. */
async function auditBoth(
  platform: Platform,
  tx: Parameters<typeof writeAudit>[0],
  actor: Actor,
  service: ServiceRow,
  teamId: string,
  change: Omit<Parameters<typeof writeAudit>[2], 'teamId'>,
): Promise<void> {
  const owner = platform.routing.table.teams[service.teamId]?.name ?? ''
  await writeAudit(tx, actor, { teamId: service.teamId, ...change })
  await writeAudit(tx, actor, { teamId, ...change, target: `service @${owner}/${service.name}` })
}

function changed({ events }: Platform, service: ServiceRow, teamId: string): void {
  for (const concerned of [service.teamId, teamId])
    events.emit({ type: 'service', teamId: concerned, serviceId: service.id, environmentId: null })
}
