import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'
import type { Sql } from '#db/open.ts'
import { addBytes, addFound } from './archive.ts'
import { folders, leftOut, type Manifest } from './format.ts'
import { copyOut } from './tables.ts'
import { ifGone, walk } from './walk.ts'

export interface BackupResult {
  file: string
  bytes: number
  tables: number
  rows: number
}

/**
 * Writes everything that this installation could not make again into one file (0600), while it runs. The database is of
 * one moment, and the files are read after it: what its rows name was on the disk before them.
 */
export async function backup({ sql, home, out }: { sql: Sql; home: string; out: string }): Promise<BackupResult> {
  await mkdir(join(home, 'cache'), { recursive: true, mode: 0o700 })
  const spool = await mkdtemp(join(home, 'cache/backup-'))
  const file = resolve(out)
  const temporary = `${file}.${randomBytes(4).toString('hex')}.new`
  try {
    // Of a key that is changed meanwhile both are kept, as rows may be sealed with either.
    const keys = await keysOf(home)
    const described: Manifest = {
      format: 1,
      createdAt: new Date().toISOString(),
      version: await version(),
      ...(await copyOut(sql, spool)),
    }
    const archive = pack()
    const written = pipeline(
      archive,
      createGzip({ level: 6 }),
      createWriteStream(temporary, { mode: 0o600, flags: 'wx', flush: true }),
    )
    const secretKeys = new Set([...(await keysOf(home)), ...keys])
    await Promise.all([written, fill(archive, described, spool, { home, keys: secretKeys })])
    await rename(temporary, file)
    await syncFolder(dirname(file))
    return {
      file,
      bytes: (await stat(file)).size,
      tables: described.tables.length,
      rows: described.tables.reduce((sum, { rows }) => sum + rows, 0),
    }
  } finally {
    await Promise.all([rm(spool, { recursive: true, force: true }), rm(temporary, { force: true })])
  }
}

async function fill(
  archive: ReturnType<typeof pack>,
  described: Manifest,
  spool: string,
  { home, keys }: { home: string; keys: ReadonlySet<string> },
): Promise<void> {
  try {
    await addBytes(archive, 'manifest.json', JSON.stringify(described, null, 2))
    for (const { name } of described.tables) {
      const path = join(spool, name)
      await addBytes(archive, `database/${name}`, { path, size: (await stat(path)).size })
    }
    for (const folder of folders) {
      for await (const found of walk(home, folder))
        if (!leftOut.has(found.path) && found.path !== keysPath)
          await addFound(archive, home, found, `home/${found.path}`)
    }
    if (keys.size > 0) await addBytes(archive, `home/${keysPath}`, [...keys].map((key) => `${key}\n`).join(''))
    archive.finalize()
  } catch (error) {
    archive.destroy(error as Error)
    throw error
  }
}

const keysPath = 'keys/secrets.key'

async function keysOf(home: string): Promise<string[]> {
  const text = await readFile(join(home, keysPath), 'utf8').catch(ifGone)
  return (text ?? '').split('\n').filter(Boolean)
}

async function version(): Promise<string> {
  return (JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version
}

/** A rename is on the disk only when its folder is (fsync(2)). */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}
