import { inArray } from 'drizzle-orm'
import type { EnvironmentDiff } from '#contract/promotions.ts'
import { variables } from '#db/schema.ts'
import type { EnvironmentRow } from '../environments/environments.ts'
import type { Platform } from '../platform.ts'
import { resolveVariables, type VariableRow } from './effective.ts'

/** Variables that two environments (with their parents, nearest first) give to services differently; of a secret only where it is set. */
export async function diffVariables(
  { db }: Pick<Platform, 'db'>,
  {
    here,
    there,
    services,
  }: {
    here: readonly EnvironmentRow[]
    there: readonly EnvironmentRow[]
    services: readonly { id: string; name: string }[]
  },
): Promise<EnvironmentDiff['variables']> {
  const names = new Map(services.map(({ id, name }) => [id, name]))
  const rows = await db
    .select()
    .from(variables)
    .where(inArray(variables.environmentId, [...new Set([...here, ...there].map(({ id }) => id))]))
  const found: EnvironmentDiff['variables'] = []
  for (const [serviceId, ofService] of Map.groupBy(rows, (row) => row.serviceId)) {
    const service = names.get(serviceId)
    if (service === undefined) continue
    const [mine, theirs] = [byName(here, ofService), byName(there, ofService)]
    for (const name of new Set([...mine.keys(), ...theirs.keys()])) {
      const [own, other] = [mine.get(name), theirs.get(name)]
      const secret = Boolean(own?.secret || other?.secret)
      // The same row: both inherit it from the same place.
      if (own === other || (own && other && !secret && own.value === other.value)) continue
      found.push({
        serviceId,
        service,
        name,
        secret,
        change: !other ? 'only here' : !own ? 'only there' : secret ? 'in both' : 'differs',
        here: secret || !own ? null : own.value,
        there: secret || !other ? null : other.value,
      })
    }
  }
  return found.sort((a, b) => a.service.localeCompare(b.service) || a.name.localeCompare(b.name))
}

/** What is set for whoever calls there: a secret that own copies would lack is still what the inherited ones have. */
function byName(chain: readonly EnvironmentRow[], rows: readonly VariableRow[]): Map<string, VariableRow> {
  const { given, withheld } = resolveVariables(chain, rows)
  return new Map([...given, ...withheld].map(({ row }) => [row.name, row]))
}
