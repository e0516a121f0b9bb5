import { randomBytes } from 'node:crypto'
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '#contract/ids.ts'
import { makeFolders } from '../make-folders.ts'
import { writeDurably } from './durable-file.ts'
import { oneLine, Problem } from './problem.ts'

/** The data folder, as its other processes find it. */
export interface Home {
  path: string
  run: string
  logs: string
  cache: string
  /** Random and kept secret: it names machine-wide things that belong to this installation. */
  installationId: string
}

/** @throws Problem when the folder cannot be made or written. */
export function prepareHome(path: string): Home {
  try {
    makeFolders(path)
    if (!statSync(path).isDirectory()) throw new Problem('it is not a folder')
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    chmodSync(path, 0o700)
    for (const folder of ['run', 'logs', 'keys', 'cache'])
      mkdirSync(join(path, folder), { recursive: true, mode: 0o700 })
    // Encrypts secrets at rest (runtime/variables/seal.ts): losing it loses them. Gateway and web make keys of their own.
    once(join(path, 'keys/secrets.key'), () => randomBytes(32).toString('hex'))
    const installationId = once(join(path, 'keys', 'installation'), () => newId('operation'))
    return { path, run: join(path, 'run'), logs: join(path, 'logs'), cache: join(path, 'cache'), installationId }
  } catch (error) {
    const why = {
      ENOENT: 'a folder cannot be created there',
      EACCES: 'permission denied',
      EROFS: 'the file system is read-only',
      ENOTDIR: 'a part of the path is a file',
      EEXIST: 'it is a file',
      ENOSPC: 'the disk is full',
      EPERM: 'it belongs to another user',
    }
    const code = (error as NodeJS.ErrnoException).code as keyof typeof why
    throw new Problem(`M3O_HOME ${path} is not writable: ${why[code] ?? oneLine(error)}`, { cause: error })
  }
}

function once(path: string, make: () => string): string {
  if (!existsSync(path)) writeDurably(path, `${make()}\n`)
  const text = readFileSync(path, 'utf8').trim()
  if (text === '') throw new Problem(`${path} is empty: restore it from a backup`)
  return text
}
