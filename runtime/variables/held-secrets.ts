import { and, eq, inArray, sql } from 'drizzle-orm'
import { once } from '#db/once.ts'
import type { Db, Transaction } from '#db/open.ts'
import { variables } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import type { Place, VariableRow } from './effective.ts'
import { sealedName, type Values } from './variables.ts'

type Row = Pick<VariableRow, 'serviceId' | 'environmentId' | 'name' | 'value' | 'inheritable'>
type Parts = Pick<Platform, 'routing' | 'seal'>
type Held = Place & { values: Values }

const columns = {
  serviceId: variables.serviceId,
  environmentId: variables.environmentId,
  name: variables.name,
  value: variables.value,
  inheritable: variables.inheritable,
}
const ofService = once((db) =>
  db
    .select(columns)
    .from(variables)
    .where(and(eq(variables.serviceId, sql.placeholder('serviceId')), eq(variables.secret, true)))
    .prepare('secrets_of_service'),
)

/** As they are marked at this moment, by service. */
export async function secretRows(db: Db | Transaction, serviceIds: readonly string[]): Promise<Map<string, Row[]>> {
  const [only, more] = serviceIds
  if (only === undefined) return new Map()
  const rows =
    more === undefined
      ? await ofService(db).execute({ serviceId: only })
      : await db
          .select(columns)
          .from(variables)
          .where(and(inArray(variables.serviceId, [...serviceIds]), eq(variables.secret, true)))
  return Map.groupBy(rows, (row) => row.serviceId)
}

export const holdsSecrets = (values: Values): boolean => Object.values(values).some(({ secret }) => secret)

/**
 * Ids of the environments of whose secrets an instance holds some that environments on these may not have. What counts is what it
 * holds: a secret that was changed, or deleted, since it started is not marked as inheritable by what is set now.
 */
export function environmentsOfSecrets(
  { routing, seal }: Parts,
  { serviceId, environmentId, values }: Held,
  rows: readonly Row[] = [],
): string[] {
  const { environments } = routing.table
  const chain: string[] = []
  for (
    let id: string | null | undefined = environmentId;
    id != null && !chain.includes(id);
    id = environments[id]?.parentId
  )
    chain.push(id)
  const found = new Set<string>()
  for (const [name, { secret, value, from, inheritable }] of Object.entries(values)) {
    if (!secret) continue
    // Before this was recorded, and in another team's environment: the nearest that has one of that name.
    const source =
      from !== undefined && chain.includes(from)
        ? from
        : (chain.find((id) => rows.some((row) => row.environmentId === id && row.name === name)) ?? environmentId)
    const row = rows.find((one) => one.environmentId === source && one.name === name)
    const isFree =
      row !== undefined &&
      row.inheritable &&
      row.value !== null &&
      (inheritable === true || seal.open(row.value, sealedName({ serviceId, environmentId: source, name })) === value)
    if (!isFree) found.add(source)
  }
  return [...found].sort()
}
