import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'

const maxFiles = 50_000
const never = new Set(['node_modules', '.git'])

/** Regular files below a folder, as paths with `/`. Links are left out: a service made them, and the runtime reads as root. */
export async function listFiles(root: string): Promise<string[]> {
  const found: string[] = []
  const pending = ['']
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && !never.has(entry.name)) pending.push(path)
      else if (entry.isFile()) found.push(path)
    }
    if (found.length > maxFiles) throw new PlatformError('too_large', `the service has more than ${maxFiles} files`)
  }
  return found.sort()
}

/** Text of a file that {@link listFiles} gave; undefined when it is larger than the limit or no regular file any more. */
export async function readText(root: string, path: string, limit = 5 * 2 ** 20): Promise<string | undefined> {
  const handle = await open(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = await handle.stat()
    return stat.isFile() && stat.size <= limit ? await handle.readFile('utf8') : undefined
  } finally {
    await handle.close()
  }
}
