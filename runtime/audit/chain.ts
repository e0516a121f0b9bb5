import { createHash } from 'node:crypto'
import { type Placeholder, type SQL, sql } from 'drizzle-orm'
import { audit } from '#db/schema.ts'

/** What a row's hash covers, besides the row before it; `seq` is not: Postgres gives it, and a gap is no sign of anything. */
export type Covered = Pick<
  typeof audit.$inferSelect,
  'at' | 'teamId' | 'actor' | 'action' | 'target' | 'before' | 'after'
>

/**
 * sha256, in hex, over the hash of the row before it and this one, in a form that does not depend on the order in which the
 * database gives an object's names back.
 */
export function chainHash(previous: string, row: Covered): string {
  return createHash('sha256').update(previous).update(coveredText(row)).digest('hex')
}

/** The same of a row's {@link coveredText}, as the database computes it for one that is inserted after the last. */
export function hashAfterLast(covered: Placeholder): SQL<string> {
  const last = sql`(select ${audit.hash} from ${audit} order by ${audit.seq} desc limit 1)`
  return sql`encode(sha256(convert_to(coalesce(${last}, '') || ${covered}::text, 'UTF8')), 'hex')`
}

export const coveredText = ({ at, teamId, actor, action, target, before, after }: Covered): string =>
  canonical({ at, teamId, actor, action, target, before, after })

/** JSON with the names of each object in one order; what JSON leaves out is left out. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_name, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? 'null'
  )
}
