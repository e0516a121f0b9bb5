import { and, eq, inArray, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { withholds } from '#contract/protection.ts'
import { once } from '#db/once.ts'
import { variables } from '#db/schema.ts'
import { chainIds } from '../environments/chain-ids.ts'
import { type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import type { Platform } from '../platform.ts'

export interface Place {
  serviceId: string
  environmentId: string
}

export type VariableRow = typeof variables.$inferSelect

/** A variable or secret as one environment has it. */
export interface Effective {
  row: VariableRow
  /** Where it is set. */
  environment: EnvironmentRow
  /** The nearest parent whose value this one hides. */
  hides: EnvironmentRow | null
}

export interface Resolved {
  /** What an instance gets. */
  given: Effective[]
  /** Left out here itself, though a parent has it. */
  removed: Effective[]
  /** Secrets of a protected parent, which go to own copies below it only where they are marked as inheritable. */
  withheld: Effective[]
}

/** What a service has in an environment, by name, from the rows of the environment and its parents (nearest first). */
export function resolveVariables(chain: readonly EnvironmentRow[], rows: readonly VariableRow[]): Resolved {
  const here = chain[0]
  const byName = new Map<string, Effective>()
  for (const environment of chain.toReversed()) {
    for (const row of rows) {
      if (row.environmentId !== environment.id) continue
      const before = byName.get(row.name)
      byName.set(row.name, {
        row,
        environment,
        hides: before === undefined || before.row.value === null ? null : before.environment,
      })
    }
  }
  const all = [...byName.values()].sort((a, b) => a.row.name.localeCompare(b.row.name))
  const isWithheld = ({ row, environment }: Effective) =>
    row.secret && !row.inheritable && here !== undefined && environment.id !== here.id && withholds(environment, here)
  const set = all.filter(({ row }) => row.value !== null)
  return {
    given: set.filter((one) => !isWithheld(one)),
    withheld: set.filter(isWithheld),
    removed: all.filter(({ row, hides }) => row.value === null && row.environmentId === here?.id && hides !== null),
  }
}

const ofChain = once((db) =>
  db
    .select()
    .from(variables)
    .where(
      and(
        eq(variables.serviceId, sql.placeholder('serviceId')),
        inArray(variables.environmentId, chainIds(sql.placeholder('environmentId'))),
      ),
    )
    .prepare('variables'),
)

export async function effectiveVariables(
  { db }: Pick<Platform, 'db'>,
  { serviceId, environmentId }: Place,
  chainOfIt: Promise<EnvironmentRow[]> = environmentChain(db, environmentId),
): Promise<Resolved> {
  const [chain, rows] = await Promise.all([chainOfIt, ofChain(db).execute({ serviceId, environmentId })])
  return resolveVariables(chain, rows)
}

/**
 * An own copy that would start without what its parent's has is not started.
 * @throws PlatformError `not_in_this_state` naming what must be set, and how
 */
export function requireNothingWithheld(
  environment: string,
  services: readonly { service: string; withheld: readonly Effective[] }[],
): void {
  const missing = services.flatMap(({ service, withheld }) =>
    withheld.map(({ row, environment: from }) => ({ service, name: row.name, from: from.name })),
  )
  const [first] = missing
  const isPersonal = services.find(({ withheld }) => withheld.length > 0)?.withheld[0]?.environment.protection === null
  if (first === undefined) return
  const names = missing.map(({ service, name }) => (services.length > 1 ? `${service} ${name}` : name))
  throw new PlatformError(
    'not_in_this_state',
    `${services.length > 1 ? 'services' : first.service} in ${environment} would lack ${missing.length === 1 ? 'a secret' : 'secrets'} of ${first.from}, which is ${isPersonal ? 'personal' : 'protected'}: ${names.join(', ')}`,
    {
      fix: [
        `Set ${missing.length === 1 ? 'it' : 'each'} in ${environment}: ${missing
          .slice(0, 3)
          .map(({ service, name }) => `m3o secret set ${service} ${name} --env ${environment}`)
          .join(' · ')}${missing.length > 3 ? ' · …' : ''}.`,
        `Or mark it as inheritable in ${first.from}: m3o secret mark ${first.service} ${first.name} --inheritable --env ${first.from}.`,
      ].join(' '),
      data: { missing },
    },
  )
}
