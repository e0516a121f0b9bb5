import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from './durable-file.ts'
import type { Home } from './home.ts'

/**
 * Who knows this code becomes the first owner, at `/setup?code=…`. It lies in `run/setup-code`; web compares it in
 * constant time and removes it with its first use. The same one is shown until then, also after a restart.
 */
export function setupCode(home: Home): string {
  const path = join(home.run, 'setup-code')
  if (!existsSync(path)) writeDurably(path, `${randomBytes(16).toString('hex')}\n`)
  return readFileSync(path, 'utf8').trim()
}

export function removeSetupCode(home: Home): void {
  rmSync(join(home.run, 'setup-code'), { force: true })
}
