import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const checkout = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
export const bundleFolder = join(checkout, 'node_modules/.cache/m3o/command')

/** The command in one file, when there is one and nothing that it was made of has changed since. */
export function newestBundle() {
  try {
    const { file, inputs } = JSON.parse(readFileSync(join(bundleFolder, 'newest.json'), 'utf8'))
    const isSame = ([path, mtimeMs, size]) => {
      const now = statSync(join(checkout, path))
      return now.mtimeMs === mtimeMs && now.size === size
    }
    return inputs.every(isSame) && statSync(join(checkout, file)).isFile() ? join(checkout, file) : undefined
  } catch {
    return undefined
  }
}
