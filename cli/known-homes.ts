import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { makeFolders } from './make-folders.ts'
import { writeDurably } from './server/durable-file.ts'

/**
 * Data folders of the platforms that this user has started, the newest first, one a line, in `$XDG_STATE_HOME/m3o/homes`. So `m3o login` finds a
 * platform that was started with another M3O_HOME than the shell has.
 */
export function knownHomes(env: NodeJS.ProcessEnv): string[] {
  try {
    return readFileSync(fileOf(env), 'utf8')
      .split('\n')
      .filter((path) => isAbsolute(path) && existsSync(path))
  } catch {
    return []
  }
}

/** A folder of state that cannot be written is no reason not to start. */
export function rememberHome(home: string, env: NodeJS.ProcessEnv): void {
  const known = knownHomes(env)
  if (known[0] === home) return
  try {
    makeFolders(dirname(fileOf(env)))
    writeDurably(fileOf(env), `${[home, ...known.filter((path) => path !== home)].join('\n')}\n`)
  } catch {}
}

/** A relative `$XDG_STATE_HOME` is ignored (XDG Base Directory Specification). */
function fileOf({ XDG_STATE_HOME }: NodeJS.ProcessEnv): string {
  const base =
    XDG_STATE_HOME !== undefined && isAbsolute(XDG_STATE_HOME) ? XDG_STATE_HOME : join(homedir(), '.local/state')
  return join(base, 'm3o/homes')
}
