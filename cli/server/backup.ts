import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { connect, type ConnectionOptions } from '#db/open.ts'
import { backup, type BackupResult } from '#runtime/backup/backup.ts'
import type { Manifest } from '#runtime/backup/format.ts'
import { restore } from '#runtime/backup/restore.ts'
import { prepareEmptyDatabase } from './database/run-prepare.ts'
import { explained } from './explained.ts'
import { type Home, prepareHome } from './home.ts'
import { isGone, signalTo } from './identity.ts'
import { becomeParent } from './lock.ts'
import { Problem } from './problem.ts'
import { startPostgres } from './postgres/start.ts'
import { readSettings } from './settings.ts'

/** `m3o backup FILE`: of this machine's installation, running or not. @throws PlatformError */
export function runBackup(out: string): Promise<BackupResult> {
  return explained(() => backUp(out))
}

/** `m3o restore FILE`: nothing may run on the home meanwhile. @throws PlatformError */
export function runRestore(from: string, options: { force?: boolean } = {}): Promise<Manifest> {
  return explained(() => bringBack(from, options))
}

async function backUp(out: string): Promise<BackupResult> {
  const settings = readSettings(process.env)
  if (settings.databaseUrl === undefined && !existsSync(join(settings.home, 'pg/data')))
    throw nothingThere(settings.home)
  const home = prepareHome(settings.home)
  await using database = await openDatabase(home)
  const sql = connect(database.options, 2)
  try {
    const [found] = await sql<
      { made: boolean }[]
    >`select to_regclass('drizzle.__drizzle_migrations') is not null as made`
    if (!found?.made) throw nothingThere(home.path)
    return await backup({ sql, home: home.path, out })
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function bringBack(from: string, { force = false }: { force?: boolean }): Promise<Manifest> {
  const home = prepareHome(readSettings(process.env).home)
  const lock = await becomeParent(home, 'restore')
  try {
    await using database = await openDatabase(home)
    await prepareEmptyDatabase(
      'url' in database.options
        ? { DATABASE_URL: database.options.url }
        : { M3O_DATABASE_SOCKET: database.options.socketDir },
    )
    const sql = connect(database.options, 2)
    try {
      const [alone] = await sql<
        { alone: boolean }[]
      >`select not exists (select from pg_locks where locktype = 'advisory' and objid = 4360362 and database = (select oid from pg_database where datname = current_database())) as alone`
      if (!alone?.alone) throw new Problem('M3O is still running on this database: stop it first')
      return await restore({ sql, options: database.options, home: home.path, from, force })
    } finally {
      await sql.end({ timeout: 1 })
    }
  } finally {
    lock.release()
  }
}

/** The database of this home; an embedded one that is not running is started, and stopped again afterwards. */
async function openDatabase(home: Home): Promise<{ options: ConnectionOptions } & AsyncDisposable> {
  const { databaseUrl } = readSettings(process.env)
  if (databaseUrl !== undefined) return { options: { url: databaseUrl }, [Symbol.asyncDispose]: async () => {} }
  const { identity, child } = await startPostgres(home)
  return {
    options: { socketDir: join(home.path, 'pg'), database: 'm3o', user: 'm3o' },
    [Symbol.asyncDispose]: async () => {
      if (child !== undefined && signalTo(identity, 'SIGINT')) await isGone(identity, 10_000)
    },
  }
}

const nothingThere = (home: string) => new Problem(`nothing to back up in ${home}: M3O was never started there`)
