import { copyFileSync, lstatSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'

const inOneTurn = 64

/**
 * Gives a tree files of its own where it shares them with another build's: before a tool may write to them, and before they
 * are handed over to a team's user.
 */
export async function ownFiles(root: string): Promise<void> {
  let seen = 0
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (++seen % inOneTurn === 0) await new Promise(setImmediate)
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    if (lstatSync(file).nlink === 1) continue
    const copy = `${file}.m3o-own`
    copyFileSync(file, copy)
    renameSync(copy, file)
  }
}
