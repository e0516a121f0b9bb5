import { type Placeholder, sql, type SQL } from 'drizzle-orm'
import { maxDepth } from '#contract/routing.ts'
import { environments } from '#db/schema.ts'

/** Ids of an environment and its parents, for `inArray`: what hangs on a chain is asked for together with the chain itself. */
export const chainIds = (
  environmentId: string | Placeholder,
): SQL => sql`(with recursive chain (id, parent_id, depth) as (
  select id, parent_id, 1 from ${environments} where id = ${environmentId}
  union all select above.id, above.parent_id, depth + 1 from ${environments} above join chain on above.id = chain.parent_id where depth < ${maxDepth})
  select id from chain)`
