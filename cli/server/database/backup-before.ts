import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { outageOf } from '#contract/outage.ts'
import { pendingMigration } from '#db/migrate.ts'
import { connect, type ConnectionOptions } from '#db/open.ts'
import { backup } from '#runtime/backup/backup.ts'
import { isInUse } from '#runtime/backup/schema.ts'
import { oneLine, Problem } from '../problem.ts'

/** The way back of the last upgrades; older ones go. */
const keptBackups = 2

const folderOf = (home: string) => join(home, 'backups')

/**
 * Before a migration changes an installation that somebody uses, all of it goes into `$M3O_HOME/backups/before-{migration}.m3o`:
 * the way back to the version before. Gives that file; undefined when nothing is to be changed, or lost.
 * @throws Problem when it cannot be made: then nothing is changed either
 */
export async function backUpBefore(options: ConnectionOptions, home: string): Promise<string | undefined> {
  const migration = await pendingMigration(options)
  if (migration === undefined) return undefined
  const file = join(folderOf(home), `before-${migration}.m3o`)
  const sql = connect(options, 2)
  try {
    if (!(await isInUse(sql))) return undefined
    mkdirSync(folderOf(home), { recursive: true, mode: 0o700 })
    // One of a start that failed is of the same data, or of older data.
    await backup({ sql, home, out: file })
  } catch (error) {
    const outage = outageOf(error)
    throw new Problem(
      `the backup before the upgrade failed: ${outage === undefined ? oneLine(error) : `${outage.message}. ${outage.fix}`} Nothing was changed: start the previous release again, or free disk space in ${folderOf(home)}`,
      { cause: error },
    )
  } finally {
    await sql.end({ timeout: 1 })
  }
  for (const old of keptIn(home).slice(keptBackups)) rmSync(old, { force: true })
  return file
}

/** The newest that is there. */
export const lastKept = (home: string): string | undefined => keptIn(home)[0]

function keptIn(home: string): string[] {
  if (!existsSync(folderOf(home))) return []
  const files = readdirSync(folderOf(home))
    .filter((name) => /^before-.*\.m3o$/.test(name))
    .map((name) => join(folderOf(home), name))
  return files.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
}
