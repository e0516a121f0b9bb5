import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as runMigrations } from 'drizzle-orm/postgres-js/migrator'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { PlatformError } from '#contract/errors.ts'
import { connect, type ConnectionOptions } from './open.ts'

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
    await runMigrations(drizzle(sql), { migrationsFolder: folder })
  } catch (error) {
    if (error instanceof PlatformError) throw error
    throw new PlatformError('unavailable', 'the database could not be brought to this version: ' + sentence(error), {
      fix: 'Nothing was changed. Look at the message, or restore the backup made before the upgrade with `m3o restore`.',
    }, { cause: error })
  } finally {
    await sql.end({ timeout: 2 })
  }
}

async function refuseNewer(sql: ReturnType<typeof connect>): Promise<void> {
  const [found] = await sql<{ exists: boolean }[]>`select to_regclass('drizzle.__drizzle_migrations') is not null as exists`
  if (!found?.exists) return
  const [applied] = await sql<{ newest: string | null }[]>`select max(created_at) as newest from drizzle.__drizzle_migrations`
  const journal = JSON.parse(await readFile(`${folder}/meta/_journal.json`, 'utf8')) as { entries: { when: number }[] }
  const known = Math.max(0, ...journal.entries.map((entry) => entry.when))
  if (Number(applied?.newest ?? 0) > known) {
    throw new PlatformError('unavailable', 'the database was written by a newer version of M3O', {
      fix: 'Start that version again, or restore a backup made with this one (`m3o restore`).',
    })
  }
}

const sentence = (error: unknown): string => (error instanceof Error ? error.message.split('\n')[0] ?? '' : String(error))
