import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import * as schema from './schema.ts'

/** Where the database is: a URL, or the folder of a unix socket where peers are known by their uid. */
export type ConnectionOptions = { url: string } | { socketDir: string; database: string; user: string }

export type Db = PostgresJsDatabase<typeof schema>
export type Transaction = Parameters<Parameters<Db['transaction']>[0]>[0]

export interface OpenDb extends AsyncDisposable {
  db: Db
  sql: postgres.Sql
}

/** The platform's processes get these from their parent. */
export function connectionFromEnvironment(env: NodeJS.ProcessEnv): ConnectionOptions {
  if (env.DATABASE_URL) return { url: env.DATABASE_URL }
  if (env.M3O_DATABASE_SOCKET) {
    return { socketDir: env.M3O_DATABASE_SOCKET, database: env.M3O_DATABASE_NAME ?? 'm3o', user: env.M3O_DATABASE_USER ?? 'm3o' }
  }
  throw new Error('neither DATABASE_URL nor M3O_DATABASE_SOCKET is set')
}

/** @param max connections at most */
export function connect(options: ConnectionOptions, max = 8, more: { onclose?: () => void; idle_timeout?: number; max_lifetime?: number | null } = {}): postgres.Sql {
  // The client's own pause between two attempts grows to 20 s, which a query then waits.
  const common = { max, onnotice: () => {}, connect_timeout: 10, idle_timeout: 60, backoff: () => 0.2, connection: { application_name: 'm3o' }, ...more }
  return 'url' in options
    ? postgres(options.url, common)
    : postgres({ ...common, host: options.socketDir, database: options.database, user: options.user })
}

export function openDb(options: ConnectionOptions, max?: number): OpenDb {
  const sql = connect(options, max)
  return {
    db: drizzle(sql, { schema, casing: 'snake_case' }),
    sql,
    [Symbol.asyncDispose]: () => sql.end({ timeout: 2 }),
  }
}
