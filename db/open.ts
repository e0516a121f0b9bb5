import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import { ofTransaction } from './once.ts'
import { type Connection, type ConnectionOptions, Connections, type PoolOptions } from './connections.ts'
import { type Sql, sqlOn } from './sql.ts'

export type { ConnectionOptions } from './connections.ts'
export type { Sql } from './sql.ts'

export type Db = NodePgDatabase
export type Transaction = Parameters<Parameters<Db['transaction']>[0]>[0]

export interface OpenDb extends AsyncDisposable {
  db: Db
  sql: Sql
}

/** The platform's processes get these from their parent. */
export function connectionFromEnvironment(env: NodeJS.ProcessEnv): ConnectionOptions {
  if (env.DATABASE_URL) return { url: env.DATABASE_URL }
  if (env.M3O_DATABASE_SOCKET) {
    return {
      socketDir: env.M3O_DATABASE_SOCKET,
      database: env.M3O_DATABASE_NAME ?? 'm3o',
      user: env.M3O_DATABASE_USER ?? 'm3o',
    }
  }
  throw new Error('neither DATABASE_URL nor M3O_DATABASE_SOCKET is set')
}

/** @param max connections at most */
export function connect(options: ConnectionOptions, max = 8, more: Omit<PoolOptions, 'max' | 'pipelined'> = {}): Sql {
  return sqlOn(new Connections(options, { max, ...more }))
}

export function openDb(options: ConnectionOptions, max = 8): OpenDb {
  const connections = new Connections(options, { max, pipelined: true })
  return { db: dbOn(connections), sql: sqlOn(connections), [Symbol.asyncDispose]: () => connections.close(2) }
}

/** Of drizzle's own transactions one whose `begin` fails would keep its connection for ever. */
function dbOn(connections: Connections): Db {
  const db = drizzleOn(connections)
  const own = new WeakMap<Connection, Db>()
  db.transaction = (run, config) =>
    connections.use((connection) => {
      const its = own.get(connection) ?? drizzleOn(connection)
      own.set(connection, its)
      return its.transaction((tx) => {
        ofTransaction.set(tx, its)
        return run(tx)
      }, config)
    })
  return db
}

/** On one connection with its own transactions; on more, each question goes to any of them. */
export const drizzleOn = (asked: Pick<Connection, 'query'>): Db =>
  drizzle(asked as unknown as pg.Client, { casing: 'snake_case' })
