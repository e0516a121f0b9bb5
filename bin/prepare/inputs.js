import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from './run.js'

/** Of all files that something is made of, folders with what is in them. */
export function hashOf(paths) {
  const hash = createHash('sha256')
  const add = (path) => {
    const info = statSync(join(checkout, path), { throwIfNoEntry: false })
    if (info === undefined) return
    if (info.isDirectory()) for (const name of readdirSync(join(checkout, path)).sort()) add(`${path}/${name}`)
    else if (!path.includes('.test.'))
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(checkout, path)))
        .update('\0')
  }
  paths.forEach(add)
  return hash.digest('hex')
}

/** What was written there when it was made; undefined when it was not. */
export function stampIn(file) {
  try {
    return readFileSync(join(checkout, file), 'utf8')
  } catch {
    return undefined
  }
}
