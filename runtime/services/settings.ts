import { and, eq, inArray, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { ServiceSettings } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { once } from '#db/once.ts'
import { services, settings as table } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import { chainIds } from '../environments/chain-ids.ts'
import { type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import type { At } from '../instances/place.ts'
import type { Platform } from '../platform.ts'

export const defaultSettings: ServiceSettings = {
  min: 1,
  max: 1,
  idleMs: null,
  memoryMiB: 256,
  cpu: 1,
  health: '/health',
}

/** A service that keeps data runs once: two would write to one folder. */
export const runOnce = (settings: ServiceSettings): ServiceSettings => ({
  ...settings,
  min: Math.min(1, settings.min),
  max: 1,
})

const ofChain = once((db) =>
  db
    .select()
    .from(table)
    .where(
      and(
        eq(table.serviceId, sql.placeholder('serviceId')),
        inArray(table.environmentId, chainIds(sql.placeholder('environmentId'))),
      ),
    )
    .prepare('settings'),
)

/** What the console says of it in this environment, inherited from its parents. */
export async function consoleSettings(
  { db }: Pick<Platform, 'db'>,
  at: At,
  chainOfIt: Promise<EnvironmentRow[]> = environmentChain(db, at.environmentId),
): Promise<ServiceSettings> {
  const [chain, rows] = await Promise.all([chainOfIt, ofChain(db).execute(at)])
  const nearestLast = chain
    .toReversed()
    .flatMap((one) => rows.find((row) => row.environmentId === one.id)?.settings ?? [])
  return Object.assign({}, defaultSettings, ...nearestLast) as ServiceSettings
}

export async function configure(
  platform: Platform,
  actor: Actor,
  at: At,
  change: Partial<ServiceSettings>,
): Promise<void> {
  const [environment] = await environmentChain(platform.db, at.environmentId)
  const [service] = await platform.db.select().from(services).where(eq(services.id, at.serviceId))
  if (!environment || !service) throw new PlatformError('not_found', 'this service no longer exists')
  const before = await consoleSettings(platform, at)
  const after = { ...before, ...change }
  if (after.min > after.max)
    throw new PlatformError('bad_request', 'min is greater than max', { field: 'min', fix: 'Choose min up to max.' })
  if (!/^\/[\x21-\x7e]{0,499}$/.test(after.health))
    throw new PlatformError('bad_request', 'a health path begins with /', { field: 'health', fix: 'Such as /health.' })
  await audited(
    platform.db,
    actor,
    {
      teamId: service.teamId,
      action: 'service.configure',
      target: `service ${service.name}`,
      before,
      after: { ...after, environment: environment.name },
    },
    async (tx) => {
      const [row] = await tx
        .select()
        .from(table)
        .where(and(eq(table.serviceId, at.serviceId), eq(table.environmentId, at.environmentId)))
      const own = { ...row?.settings, ...change }
      await tx
        .insert(table)
        .values({ ...at, settings: own })
        .onConflictDoUpdate({ target: [table.environmentId, table.serviceId], set: { settings: own } })
    },
  )
  platform.events.emit({
    type: 'service',
    teamId: service.teamId,
    serviceId: at.serviceId,
    environmentId: at.environmentId,
  })
}

export const saveScale = (platform: Platform, actor: Actor, at: At, min: number, max: number): Promise<void> =>
  configure(platform, actor, at, { min, max })
