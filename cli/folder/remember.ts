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

interface Place {
  url: string
  team: string
  environment: string
}

/** Kept beside the command's settings, not in the folder, which is the user's. Without an environment: of the latest deployment into any. */
function fileOf(
  folder: string,
  { url, team, environment }: Omit<Place, 'environment'> & { environment: string | null },
): string {
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), '.config')
  const key = createHash('sha256')
    .update([resolve(folder), url, team, environment ?? ''].join('\0'))
    .digest('hex')
    .slice(0, 32)
  return join(config, 'm3o/folders', `${key}.json`)
}

/** From where it goes on there; where it was never deployed, from where it was last. */
export async function folderState(folder: string, place: Place): Promise<FolderState | undefined> {
  const read = (environment: string | null) =>
    readFile(fileOf(folder, { ...place, environment }), 'utf8').then(
      (text) => JSON.parse(text) as FolderState,
      () => undefined,
    )
  return (await read(place.environment)) ?? read(null)
}

export async function rememberFolder(folder: string, place: Place, state: FolderState): Promise<void> {
  // Without it a later deployment replaces instead of merging, and says so: no reason to fail this one.
  try {
    for (const environment of [place.environment, null]) {
      const file = fileOf(folder, { ...place, environment })
      makeFolders(dirname(file))
      await writeFile(`${file}.${process.pid}`, JSON.stringify(state), { mode: 0o600 })
      await rename(`${file}.${process.pid}`, file)
    }
  } catch {}
}
