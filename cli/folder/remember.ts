import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { makeFolders } from '../make-folders.ts'

/** Which service a folder was deployed as, and from which commit it goes on. */
export interface FolderState {
  service: string
  commit: string
}

/** Kept beside the command's settings, not in the folder, which is the user's. */
function fileOf(folder: string, place: { url: string; team: string; environment: string }): string {
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), '.config')
  const key = createHash('sha256').update([resolve(folder), place.url, place.team, place.environment].join('\0')).digest('hex').slice(0, 32)
  return join(config, 'm3o/folders', `${key}.json`)
}

export async function folderState(folder: string, place: { url: string; team: string; environment: string }): Promise<FolderState | undefined> {
  return readFile(fileOf(folder, place), 'utf8').then((text) => JSON.parse(text) as FolderState, () => undefined)
}

export async function rememberFolder(folder: string, place: { url: string; team: string; environment: string }, state: FolderState): Promise<void> {
  const file = fileOf(folder, place)
  // Without it a later deployment replaces instead of merging, and says so: no reason to fail this one.
  try {
    makeFolders(dirname(file))
    await writeFile(`${file}.${process.pid}`, JSON.stringify(state), { mode: 0o600 })
    await rename(`${file}.${process.pid}`, file)
  } catch {}
}
