import { randomBytes } from 'node:crypto'
import { isPlatformError } from '#contract/errors.ts'
import { migrate } from '#db/migrate.ts'
import { ConnectionLost } from '#db/connections.ts'
import { connect, type ConnectionOptions, connectionFromEnvironment } from '#db/open.ts'
import { oneLine, Problem } from '../problem.ts'
import { backUpBefore, lastKept } from './backup-before.ts'

/**
 * Run as a process of its own before anything serves, so that the parent need not hold a database client for ever: makes
 * the database where that is ours to do, migrates, and says on standard output whether somebody owns the platform.
 */
export interface Prepared {
  problem?: string
  hasPeople?: boolean
}

const oldest = 140_000

/** @param home where the backup before a migration goes; none is made without */
export async function prepare(options: ConnectionOptions, home?: string): Promise<Prepared> {
  if ('socketDir' in options) await createDatabase(options)
  await checkReachable(options)
  const kept = home === undefined ? undefined : await backUpBefore(options, home)
  await migrate(options).catch((error: unknown) => {
    const told = home === undefined ? undefined : (kept ?? lastKept(home))
    throw new Problem(
      `${oneLine(error)}. ${isPlatformError(error) ? (error.fix ?? '') : ''}${told === undefined ? '' : ` The backup made before the last upgrade is ${told}.`}`,
      { cause: error },
    )
  })
  const sql = connect(options, 1)
  try {
    const [row] = await sql<{ found: boolean }[]>`select exists (select from users) as found`
    return { hasPeople: row?.found ?? false }
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** For a restore, which makes the tables itself, whatever is there. */
export async function prepareEmpty(options: ConnectionOptions): Promise<Prepared> {
  if ('socketDir' in options) await createDatabase(options)
  await checkReachable(options)
  return {}
}

async function createDatabase(options: Extract<ConnectionOptions, { socketDir: string }>): Promise<void> {
  const sql = connect({ ...options, database: 'postgres' }, 1)
  try {
    const found = await sql`select from pg_database where datname = ${options.database}`
    if (found.length === 0) await sql`create database ${sql(options.database)}`
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function checkReachable(options: ConnectionOptions): Promise<void> {
  const sql = connect(options, 1)
  try {
    const [row] = await sql<{ version: number }[]>`select current_setting('server_version_num')::int as version`
    if ((row?.version ?? 0) < oldest)
      throw new Problem(
        `the database server is Postgres ${Math.floor((row?.version ?? 0) / 10_000)}: M3O needs 14 or newer`,
      )
    // A right that is missing is better said now than in the middle of a migration.
    const name = sql(`m3o_${randomBytes(4).toString('hex')}`)
    await sql.begin(async (transaction) => {
      await transaction`create schema ${name}`
      await transaction`drop schema ${name}`
    })
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem(`cannot use the database ${place(options)}: ${why(error)}`, { cause: error })
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** Without the password. */
function place(options: ConnectionOptions): string {
  if ('socketDir' in options) return `at ${options.socketDir}`
  const url = new URL(options.url)
  return `in DATABASE_URL (${url.hostname || url.searchParams.get('host') || 'localhost'}:${url.port || '5432'}${url.pathname})`
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'the host does not exist',
  EAI_AGAIN: 'the host name could not be resolved',
  ENOENT: 'the socket does not exist',
  ETIMEDOUT: 'it does not respond',
  EHOSTUNREACH: 'the host cannot be reached',
  // in pg's own words
  'timeout expired': 'it does not respond',
  'Connection terminated unexpectedly': 'it closed the connection',
  '28P01': 'the user or the password is wrong',
  '28000': 'this user is not allowed to connect',
  '3D000': 'the database does not exist',
  '42501': 'the user may not create schemas and tables in it',
  '53300': 'it has no free connection',
}

function why(error: unknown): string {
  const { code, errors, message } = (error instanceof ConnectionLost ? error.cause : error) as Partial<
    NodeJS.ErrnoException & AggregateError
  >
  return reasons[code ?? (errors?.[0] as NodeJS.ErrnoException | undefined)?.code ?? message ?? ''] ?? oneLine(error)
}

if (import.meta.main) {
  const options = connectionFromEnvironment(process.env)
  const preparing = process.argv[2] === 'empty' ? prepareEmpty(options) : prepare(options, process.env['M3O_HOME'])
  const prepared = await preparing.catch((error: unknown): Prepared => ({ problem: oneLine(error) }))
  process.stdout.write(`${JSON.stringify(prepared)}\n`)
  process.exit(0)
}
