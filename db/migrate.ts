import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { PlatformError } from '#contract/errors.ts'
import { connect, type ConnectionOptions, drizzleOn } from './open.ts'

const folder = fileURLToPath(new URL('./migrations', import.meta.url))
const lock = 4_360_360 // any number, the same for every installation that shares the database server

/**
 * Brings the database to this version's schema, all or nothing, or fails closed: also when it was written by a newer
 * version, which this one must not serve from.
 * @throws PlatformError `unavailable`
 */
export async function migrate(options: ConnectionOptions): Promise<void> {
  const sql = connect(options, 1)
  try {
    // Drizzle's migrator takes no lock of its own.
    await sql`select pg_advisory_lock(${lock})`
    await refuseNewer(sql)
    await sql.use((connection) => runMigrations(drizzleOn(connection), { migrationsFolder: folder }))
  } catch (error) {
    if (error instanceof PlatformError) throw error
    throw new PlatformError(
      'unavailable',
      'the database could not be migrated to this version: ' + sentence(error),
      {
        fix: 'The database is unchanged. Start the previous version again to continue.',
      },
      { cause: error },
    )
  } finally {
    await sql.end({ timeout: 2 })
  }
}

/** Name of the newest migration that it has not had yet; undefined for an empty database, and when it has had all. */
export async function pendingMigration(options: ConnectionOptions): Promise<string | undefined> {
  const sql = connect(options, 1)
  try {
    const [found] = await sql<
      { exists: boolean }[]
    >`select to_regclass('drizzle.__drizzle_migrations') is not null as exists`
    if (!found?.exists) return undefined
    const [applied] = await sql<
      { newest: string | null }[]
    >`select max(created_at) as newest from drizzle.__drizzle_migrations`
    const newest = (await readJournal()).entries.at(-1)
    return newest !== undefined && Number(applied?.newest ?? 0) < newest.when ? newest.tag : undefined
  } finally {
    await sql.end({ timeout: 2 })
  }
}

async function readJournal(): Promise<{ entries: { when: number; tag: string }[] }> {
  return JSON.parse(await readFile(`${folder}/meta/_journal.json`, 'utf8')) as {
    entries: { when: number; tag: string }[]
  }
}

async function refuseNewer(sql: ReturnType<typeof connect>): Promise<void> {
  const [found] = await sql<
    { exists: boolean }[]
  >`select to_regclass('drizzle.__drizzle_migrations') is not null as exists`
  if (!found?.exists) return
  const [applied] = await sql<
    { newest: string | null }[]
  >`select max(created_at) as newest from drizzle.__drizzle_migrations`
  const known = Math.max(0, ...(await readJournal()).entries.map((entry) => entry.when))
  if (Number(applied?.newest ?? 0) > known) {
    throw new PlatformError('unavailable', 'the database was written by a newer version of M3O', {
      fix: 'Start that version again, or restore an earlier backup: m3o restore FILE --force.',
    })
  }
}

/** Drizzle's own message is the query; why it failed is its cause. */
function sentence(error: unknown): string {
  const told = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return told instanceof Error ? (told.message.split('\n')[0] ?? '') : String(told)
}
