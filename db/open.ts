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
  const sql = prepareOften(connect(options, max), new Map())
  return {
    db: drizzle(sql, { schema, casing: 'snake_case' }),
    sql,
    [Symbol.asyncDispose]: () => sql.end({ timeout: 2 }),
  }
}

/** Of texts, and of each one's parameters: a list of any length is another text for each length. */
const mostPrepared = 200
const mostParameters = 30
const often = 3
const prepared = new Set<string>()

/**
 * drizzle has every query parsed and planned anew, which takes a round trip of its own. What is asked often is prepared
 * instead: once for each connection, and only so many texts, as each takes memory in the server for as long as its connection lives.
 */
function prepareOften<Sql extends postgres.Sql | postgres.TransactionSql>(sql: Sql, asked: Map<string, number>): Sql {
  const { unsafe } = sql
  sql.unsafe = ((text: string, parameters: never[] = [], options = {}) => {
    const times = (asked.get(text) ?? 0) + 1
    if (asked.has(text) || asked.size < 2_000) asked.set(text, Math.min(times, often))
    const prepare = times >= often && parameters.length > 0 && parameters.length <= mostParameters && (prepared.has(text) || prepared.size < mostPrepared)
    if (prepare) prepared.add(text)
    return unsafe(text, parameters, { ...options, prepare })
  }) as typeof unsafe
  if ('begin' in sql) {
    const begin = sql.begin.bind(sql) as unknown as (options: string, run: (tx: postgres.TransactionSql) => unknown) => Promise<never>
    sql.begin = ((...given: unknown[]) => {
      const run = given.at(-1) as (tx: postgres.TransactionSql) => unknown
      return begin(given.length > 1 ? String(given[0]) : '', (tx) => run(prepareOften(tx, asked)))
    }) as typeof sql.begin
  }
  return sql
}
