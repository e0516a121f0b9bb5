import { constants, existsSync, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readlink, realpath } from 'node:fs/promises'
import { join } from 'node:path'

export interface Found {
  /** From the root, with slashes. */
  path: string
  info: Stats
}

/**
 * Everything below a folder while others go on writing there. A git repository comes in the order that keeps a copy
 * whole: references before the objects that they name, loose objects before packs (a repack moves objects from the
 * former into the latter), and packs until no new one has appeared.
 */
export async function* walk(root: string, path: string): AsyncGenerator<Found> {
  const info = await lstat(join(root, path)).catch(ifGone)
  if (info === undefined) return
  yield { path, info }
  if (!info.isDirectory()) return
  const seen = new Set<string>()
  for (;;) {
    const names = (await namesIn(root, path)).filter((name) => !seen.has(name)).sort(objectsLast)
    for (const name of names) {
      seen.add(name)
      yield* walk(root, `${path}/${name}`)
    }
    if (names.length === 0 || !path.endsWith('.git/objects/pack')) return
  }
}

/** Services write there meanwhile, and the backup reads as root: a folder that became a link between two looks is not followed. */
async function namesIn(root: string, path: string): Promise<string[]> {
  const folder = await open(join(root, path), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(
    ifGone,
  )
  if (folder === undefined) return []
  try {
    if (!(await isAt(folder, root, path))) return []
    return (
      (await readdir(existsSync(`/proc/self/fd/${folder.fd}`) ? `/proc/self/fd/${folder.fd}` : join(root, path)).catch(
        ifGone,
      )) ?? []
    )
  } finally {
    await folder.close()
  }
}

/** Whether what was opened lies where its path says, whatever its folders have become. Linux says; elsewhere services run as their own user. */
export async function isAt(file: FileHandle, root: string, path: string): Promise<boolean> {
  const real = await readlink(`/proc/self/fd/${file.fd}`).catch(() => undefined)
  return real === undefined || real === join(await realpath(root), path)
}

function objectsLast(a: string, b: string): number {
  const rank = (name: string) => (name === 'objects' || name === 'pack' ? 1 : 0)
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}

export function ifGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR' && error.code !== 'ELOOP') throw error
}
