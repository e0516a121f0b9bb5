import { type SQL, sql as compose } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { Readable, Writable } from 'node:stream'
import { from, to } from 'pg-copy-streams'
import type { Connection, Connections } from './connections.ts'

type Rows = readonly object[]

/** A statement, asked at once; what is put into it are parameters, names (`sql('table')`) or parts (`sql.raw(text)`). */
interface Statements {
  <R extends Rows = Record<string, unknown>[]>(text: TemplateStringsArray, ...values: unknown[]): Promise<R>
  (names: string | readonly string[]): SQL
  /** Nothing in it is escaped. */
  raw: (text: string) => SQL
}

interface Transaction extends Statements {
  /** `copy … to stdout`, `copy … from stdin` */
  read: (text: TemplateStringsArray, ...values: unknown[]) => Readable
  write: (text: TemplateStringsArray, ...values: unknown[]) => Writable
}

export interface Sql extends Statements {
  /** One connection of its own for all that is asked of it. */
  use: <T>(work: (connection: Connection) => Promise<T>) => Promise<T>
  /** @param mode such as `isolation level serializable` */
  begin: <T>(run: (transaction: Transaction) => Promise<T>, mode?: string) => Promise<T>
  end: (options: { timeout: number }) => Promise<void>
}

const dialect = new PgDialect()

/** Statements beside drizzle's: of what has no schema (yet), and whole tables. */
export function sqlOn(connections: Connections): Sql {
  return Object.assign(statementsOn(connections), {
    use: <T>(work: (connection: Connection) => Promise<T>) => connections.use(work),
    begin: <T>(run: (transaction: Transaction) => Promise<T>, mode = '') =>
      connections.use(async (connection) => {
        await connection.query({ text: `begin ${mode}` })
        try {
          const result = await run(transactionOn(connection))
          await connection.query({ text: 'commit' })
          return result
        } catch (error) {
          await connection.query({ text: 'rollback' }).catch(() => {})
          throw error
        }
      }),
    end: ({ timeout }: { timeout: number }) => connections.close(timeout),
  })
}

function statementsOn(asked: Pick<Connection, 'query'>): Statements {
  const statements = (text: TemplateStringsArray | string | readonly string[], ...values: unknown[]) => {
    if (typeof text === 'string') return compose.identifier(text)
    if (!('raw' in text))
      return compose.join(
        text.map((name) => compose.identifier(name)),
        compose`, `,
      )
    const query = dialect.sqlToQuery(compose(text, ...values))
    return asked.query({ text: query.sql }, query.params).then(({ rows }) => rows as unknown)
  }
  return Object.assign(statements as Statements, { raw: compose.raw })
}

function transactionOn(connection: Connection): Transaction {
  const textOf = (text: TemplateStringsArray, values: readonly unknown[]) =>
    dialect.sqlToQuery(compose(text, ...values)).sql
  return Object.assign(statementsOn(connection), {
    read: (text: TemplateStringsArray, ...values: unknown[]) => connection.client.query(to(textOf(text, values))),
    write: (text: TemplateStringsArray, ...values: unknown[]) => connection.client.query(from(textOf(text, values))),
  })
}
