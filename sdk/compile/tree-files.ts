import { closeSync, constants, fstatSync, openSync, readdirSync, readFile, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PlatformError } from '#contract/errors.ts'

const maxFiles = 50_000
const never = new Set(['node_modules', '.git'])
/** The kernel has what was just written at hand: asking it takes 10 µs, and by way of another thread twenty times as long. */
const atOnce = 256 * 2 ** 10
/** Then others have their turn. */
const inOneTurn = 64

/** Regular files below a folder, as paths with `/`. Links are left out: a service made them, and the runtime reads as root. */
export async function listFiles(root: string): Promise<string[]> {
  const found: string[] = []
  const pending = ['']
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    await turn()
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
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
  await turn()
  const file = openSync(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile() || stat.size > limit) return undefined
    return stat.size <= atOnce ? readFileSync(file, 'utf8') : await promisify(readFile)(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

let taken = 0

async function turn(): Promise<void> {
  taken += 1
  if (taken % inOneTurn === 0) await new Promise(setImmediate)
}
