import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { runtimeApi } from '#contract/runtime-api.ts'
import { isHere } from './address.ts'
import { knownHomes } from './known-homes.ts'
import { readSettings } from './server/settings.ts'
import { platformError } from './session.ts'

/**
 * Whoever may read the folder of the platform on this machine is logged in without more ado, as its operator.
 * Undefined: it is another platform, or somebody else's, and one logs in as everywhere.
 * @throws PlatformError `not_in_this_state` when nobody was set up in it
 */
export async function loginHere(
  url: string,
  name: string,
): Promise<{ token: string; email: string; team: string } | undefined> {
  const home = homeOf(url)
  if (home === undefined) return undefined
  const runtime = createRpcClient(runtimeApi, join(home, 'run/runtime.sock'))
  try {
    return await runtime.call('access.here', { name }, { timeoutMs: 10_000 })
  } catch (error) {
    const known = platformError(error)
    if (known?.code !== 'not_in_this_state') return undefined
    const code = textOf(join(home, 'run/setup-code'))
    throw code === undefined
      ? known
      : new PlatformError(known.code, known.message, {
          fix: `Open ${url}/setup?code=${code.trim()} in a browser, then log in again.`,
        })
  } finally {
    runtime.close()
  }
}

/** The folder of the platform that answers at this URL, when it belongs to this machine and can be read. */
function homeOf(url: string): string | undefined {
  if (!isHere(url)) return undefined
  const { port } = new URL(url)
  return [...homeOfShell(), ...knownHomes(process.env)].find(
    (home) => portOf(home) === port && existsSync(join(home, 'run/runtime.sock')),
  )
}

/** The one that `npm start` would use in this shell. */
function homeOfShell(): string[] {
  try {
    const { M3O_HOME, XDG_DATA_HOME } = process.env
    return [readSettings({ M3O_HOME, XDG_DATA_HOME }).home]
  } catch {
    return []
  }
}

function portOf(home: string): string | undefined {
  try {
    const { web } = JSON.parse(textOf(join(home, 'run/ports')) ?? '{}') as { web?: number }
    return web === undefined ? undefined : String(web)
  } catch {
    return undefined
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
