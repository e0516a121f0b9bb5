import type { Db } from './open.ts'

/**
 * A query that is built once for each database, with placeholders for what differs: drizzle takes longer to build one than
 * Postgres to answer it. For what is asked all the time, outside of transactions.
 */
export function once<Query>(build: (db: Db) => Query): (db: Db) => Query {
  const built = new WeakMap<Db, Query>()
  return (db) => {
    const known = built.get(db)
    if (known !== undefined) return known
    const query = build(db)
    built.set(db, query)
    return query
  }
}
