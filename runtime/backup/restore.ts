import { createReadStream } from 'node:fs'
import { lstat, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { migrate } from '#db/migrate.ts'
import type { ConnectionOptions, Sql } from '#db/open.ts'
import { renameDurably, syncTree } from '#sdk/compile/durable.ts'
import { witnessFile } from '../audit/witness.ts'
import { unpack } from './archive.ts'
import { folders, type Manifest, manifest } from './format.ts'
import { isInUse, knowsSchema, recreateSchema } from './schema.ts'
import { copyIn } from './tables.ts'

export interface RestoreOptions {
  sql: Sql
  /** The same database, for its migration to this version afterwards. */
  options: ConnectionOptions
  home: string
  from: string
  /** Replaces an installation that is in use. */
  force?: boolean
}

/**
 * Makes an installation what it was at the backup. Nothing may run on it. All is unpacked and checked before anything is
 * changed; broken off in between, it is not in use yet, and restoring again finishes the work.
 * @throws PlatformError `conflict` when somebody uses it, `bad_request` when the file is none of ours, damaged, or newer
 */
export async function restore({ sql, options, home, from, force = false }: RestoreOptions): Promise<Manifest> {
  if (!force && (await isInUse(sql))) {
    throw new PlatformError('conflict', 'this installation is in use', {
      fix: 'Restore to an empty installation (another M3O_HOME), or use --force to replace all data in this one.',
    })
  }
  await mkdir(home, { recursive: true, mode: 0o700 })
  const unpacked = await mkdtemp(join(home, '.restore-'))
  try {
    const described = await open(from, unpacked)
    await recreateSchema(sql, described.schema)
    await copyIn(sql, join(unpacked, 'database'), described)
    await syncTree(unpacked)
    for (const folder of folders) await replace(join(home, folder), join(unpacked, 'home', folder))
    // What was witnessed here was of the rows that it replaced.
    await rm(witnessFile(home), { force: true })
    await migrate(options)
    return described
  } finally {
    await rm(unpacked, { recursive: true, force: true })
  }
}

async function open(from: string, folder: string): Promise<Manifest> {
  const wanted = (name: string) =>
    name === 'manifest.json' ||
    /^database\/[a-z_0-9]+$/.test(name) ||
    folders.some((one) => name === `home/${one}` || name.startsWith(`home/${one}/`))
  try {
    await pipeline(createReadStream(from), createGunzip(), (archive: AsyncIterable<Buffer>) =>
      unpack(archive, folder, wanted),
    )
  } catch (error) {
    if (isPlatformError(error)) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new PlatformError('not_found', `file ${from} does not exist`)
    if (code === 'ENOSPC') throw new PlatformError('disk_full', 'the disk is full', {}, { cause: error })
    throw new PlatformError('bad_request', `${from} is damaged, or not a backup of M3O`, {}, { cause: error })
  }
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => '{}')
  const described = manifest.safeParse(JSON.parse(text) as unknown)
  if (!described.success)
    throw new PlatformError('bad_request', `${from} is not a backup of M3O, or was made by a newer version`)
  if (!(await knowsSchema(described.data.schema))) {
    throw new PlatformError('bad_request', `this backup was made by a newer M3O (${described.data.version})`, {
      fix: 'Restore it with that version.',
    })
  }
  return described.data
}

/** The keys' folder keeps what is this installation's own. */
async function replace(path: string, by: string): Promise<void> {
  const there = await lstat(by).then(
    () => true,
    () => false,
  )
  if (path.endsWith('/keys')) {
    await mkdir(path, { recursive: true, mode: 0o700 })
    if (there) for (const name of await readdir(by)) await renameDurably(join(by, name), join(path, name))
    return
  }
  const old = `${by}.old`
  await mkdir(dirname(old), { recursive: true, mode: 0o700 })
  await renameDurably(path, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  if (there) await renameDurably(by, path)
}
