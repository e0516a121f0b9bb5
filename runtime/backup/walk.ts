import { lstat, readdir } from 'node:fs/promises'
import type { Stats } from 'node:fs'
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
    const names = ((await readdir(join(root, path)).catch(ifGone)) ?? []).filter((name) => !seen.has(name)).sort(objectsLast)
    for (const name of names) {
      seen.add(name)
      yield* walk(root, `${path}/${name}`)
    }
    if (names.length === 0 || !path.endsWith('.git/objects/pack')) return
  }
}

function objectsLast(a: string, b: string): number {
  const rank = (name: string) => (name === 'objects' || name === 'pack' ? 1 : 0)
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}

export function ifGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
