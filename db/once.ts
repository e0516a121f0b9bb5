import { type Column, getTableColumns, type SQL, sql, type Table } from 'drizzle-orm'
import type { Db, Transaction } from './open.ts'

/** That of the connection that a transaction is on: what is asked of it is in the transaction. */
export const ofTransaction = new WeakMap<Db | Transaction, Db>()

/**
 * A query that is built once for each database, with placeholders for what differs: drizzle takes longer to build one than
 * Postgres to answer it. For what is asked all the time, in transactions too.
 */
export function once<Query>(build: (db: Db) => Query): (db: Db | Transaction) => Query {
  const built = new WeakMap<Db, Query>()
  return (asked) => {
    const db = ofTransaction.get(asked) ?? asked
    const known = built.get(db)
    if (known !== undefined) return known
    const query = build(db)
    built.set(db, query)
    return query
  }
}

/** What is given when such a query is asked, as its column takes it. */
export function given(name: string, column: Column): SQL {
  // Unlike a value's, a placeholder's null would be given to the column's own encoder.
  const encoder = {
    mapToDriverValue: (value: unknown): unknown => (value === null ? null : column.mapToDriverValue(value)),
  }
  return sql`${sql.param(sql.placeholder(name), encoder)}`
}

/** The same for all columns of a table, by their own names. */
export const givenAll = <T extends Table>(table: T) =>
  Object.fromEntries(
    Object.entries(getTableColumns(table)).map(([name, column]) => [name, given(name, column)]),
  ) as Record<keyof T['_']['columns'], SQL>
