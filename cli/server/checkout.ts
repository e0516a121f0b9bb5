import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/**
 * Compiled code, kept beside the packages and not in a home, so that a new home starts as fast as an old one. Node
 * keeps each user's apart, and goes without where it cannot write.
 */
export const compileCache = join(checkout, 'node_modules/.cache/m3o/compiled')

/** For the command line of each process of the platform. */
export const quickImports = ['--import', new URL('./quick-imports.js', import.meta.url).href]

/**
 * A hash of the code and the environment that a process is started with: an adopted process with another one runs
 * something else than what is here now. Sizes and times stand for contents, as they do for make.
 */
export function stampOf(paths: readonly string[], environment: Readonly<Record<string, string>>): string {
  const hash = createHash('sha256')
  for (const path of paths) addFile(join(checkout, path), hash)
  for (const name of Object.keys(environment).sort()) hash.update(`${name}=${environment[name]}\0`)
  return hash.digest('hex').slice(0, 16)
}

function addFile(path: string, hash: ReturnType<typeof createHash>): void {
  const info = statSync(path, { throwIfNoEntry: false })
  if (info === undefined) return
  if (!info.isDirectory()) {
    hash.update(`${path}:${info.size}:${info.mtimeMs}\0`)
    return
  }
  for (const name of readdirSync(path).sort()) if (!name.includes('.test.')) addFile(join(path, name), hash)
}
