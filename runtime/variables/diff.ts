import { inArray } from 'drizzle-orm'
import type { EnvironmentDiff } from '#contract/promotions.ts'
import { variables } from '#db/schema.ts'
import type { EnvironmentRow } from '../environments/environments.ts'
import type { Platform } from '../platform.ts'
import { sealedName } from './variables.ts'

type Row = typeof variables.$inferSelect

/** Variables that two environments (with their parents, nearest first) give to services differently; of a secret only that it differs. */
export async function diffVariables(
  { db, seal }: Pick<Platform, 'db' | 'seal'>,
  { here, there, services }: { here: readonly EnvironmentRow[]; there: readonly EnvironmentRow[]; services: readonly { id: string; name: string }[] },
): Promise<EnvironmentDiff['variables']> {
  const names = new Map(services.map(({ id, name }) => [id, name]))
  const shared = new Set(here.map(({ id }) => id).filter((id) => there.some((other) => other.id === id)))
  const rows = await db.select().from(variables).where(inArray(variables.environmentId, [...new Set([...here, ...there].map(({ id }) => id))]))
  const byPlace = Map.groupBy(rows.filter(({ serviceId }) => names.has(serviceId)), ({ serviceId, name }) => `${serviceId} ${name}`)
  const found: EnvironmentDiff['variables'] = []
  for (const group of byPlace.values()) {
    // What both inherit from the same place is the same.
    if (group.every(({ environmentId }) => shared.has(environmentId) && here[0]?.id !== environmentId && there[0]?.id !== environmentId)) continue
    const [mine, theirs] = [effective(group, here), effective(group, there)]
    const [value, other] = [mine && valueOf(mine), theirs && valueOf(theirs)]
    const row = mine ?? theirs
    if (!row || (mine && theirs && value === other && mine.secret === theirs.secret)) continue
    const secret = Boolean(mine?.secret || theirs?.secret)
    found.push({
      serviceId: row.serviceId, service: names.get(row.serviceId) ?? '', name: row.name, secret, change: !theirs ? 'only here' : !mine ? 'only there' : 'differs',
      here: secret ? null : value ?? null, there: secret ? null : other ?? null,
    })
  }
  return found.sort((a, b) => a.service.localeCompare(b.service) || a.name.localeCompare(b.name))

  function effective(group: readonly Row[], chain: readonly EnvironmentRow[]): Row | undefined {
    const nearest = chain.flatMap(({ id }) => group.find((row) => row.environmentId === id) ?? [])[0]
    return nearest?.value === null ? undefined : nearest
  }

  function valueOf(row: Row): string {
    return row.secret ? seal.open(row.value ?? '', sealedName(row)) : row.value ?? ''
  }
}
