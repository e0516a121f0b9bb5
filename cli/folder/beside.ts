import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import type { ServiceSettings } from '#contract/records.ts'
import { parseSettings } from './settings.ts'
import { type FolderVariable, parseVariables } from './variables.ts'

/**
 * `.m3o`, beside a service's source: what belongs to the service in one environment and not to its source. Nobody else can
 * read it (0700, files 0600), git is told to leave it alone, and no deployment uploads it (list.ts).
 */
export const besideFolder = '.m3o'
export const variablesFile = `${besideFolder}/variables.env`
export const settingsFile = `${besideFolder}/settings.json`

/** Variables and secrets of the service in this folder; empty when there is no file of them. @throws PlatformError naming the line */
export async function readFolderVariables(folder: string): Promise<FolderVariable[]> {
  const text = await readBeside(folder, variablesFile)
  return text === undefined ? [] : parseVariables(text, variablesFile)
}

/** Settings of the service in this folder, without those of m3o.json; empty when there is no file of them. @throws PlatformError naming line and key */
export async function readFolderSettings(folder: string): Promise<Partial<ServiceSettings>> {
  const text = await readBeside(folder, settingsFile)
  return text === undefined ? {} : parseSettings(text, settingsFile)
}

/** Whether a path below a folder is none of its source. */
export const isBeside = (path: string): boolean => path.split('/').some((part) => part.toLowerCase() === besideFolder)

export async function readBeside(folder: string, file: string): Promise<string | undefined> {
  await requireOwn(folder)
  return readFile(join(folder, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw new PlatformError(
      'bad_request',
      `${file} cannot be read: ${error.code}`,
      { fix: 'Make sure that it is a file that you can read.' },
      { cause: error },
    )
  })
}

/** Whole or not at all; a link in its place is replaced, not followed. */
export async function writeBeside(folder: string, file: string, text: string): Promise<void> {
  await requireOwn(folder)
  await mkdir(join(folder, besideFolder), { recursive: true, mode: 0o700 })
  // Also where the folder is copied without its repository, or lies in another one.
  await replace(join(folder, besideFolder, '.gitignore'), '*\n')
  await replace(join(folder, file), text)
}

/** A source could hold a link of this name, to have secrets written elsewhere. @throws PlatformError `conflict` */
async function requireOwn(folder: string): Promise<void> {
  const found = await lstat(join(folder, besideFolder)).catch(() => undefined)
  if (found === undefined || found.isDirectory()) return
  throw new PlatformError('conflict', `${join(folder, besideFolder)} is not a folder`, {
    fix: 'Variables and settings are kept in a folder of that name. Move what is there elsewhere.',
  })
}

async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const file = await open(fresh, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}
