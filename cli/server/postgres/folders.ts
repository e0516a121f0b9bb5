import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Home } from '../home.ts'

/** Where embedded Postgres keeps its things: `$M3O_HOME/pg`, which is all of the home that it sees. */
export interface PostgresFolders {
  base: string
  data: string
  /** Private, as some of its programs leave what they should not in TMPDIR. */
  tmp: string
  cache: string
  log: string
}

export function postgresFolders(home: Home): PostgresFolders {
  const base = join(home.path, 'pg')
  const folders = {
    base,
    data: join(base, 'data'),
    tmp: join(base, 'tmp'),
    cache: home.cache,
    log: join(home.logs, 'postgres.log'),
  }
  mkdirSync(folders.tmp, { recursive: true, mode: 0o700 })
  writeFileSync(join(base, 'passwd'), `${account}:x:1:1::/:/bin/false\n`)
  writeFileSync(join(base, 'group'), `${account}:x:1:\n`)
  return folders
}

/**
 * Postgres refuses to be root. When root starts the platform it takes this account's name and number (1, on every
 * system) inside a user namespace of its own, so that no account has to be made.
 */
const account = 'daemon'
export const accountId = 1
