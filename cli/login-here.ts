import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { runtimeApi } from '#contract/runtime-api.ts'
import { isHere } from './address.ts'
import { readSettings } from './server/settings.ts'
import { platformError } from './session.ts'

/**
 * Whoever may read the folder of the platform on this machine is logged in without more ado, as its operator.
 * Undefined: it is another platform, or somebody else's, and one logs in as everywhere.
 * @throws PlatformError `not_in_this_state` when nobody was set up in it
 */
export async function loginHere(url: string, name: string): Promise<{ token: string; email: string; team: string } | undefined> {
  const home = homeOf(url)
  if (home === undefined) return undefined
  const runtime = createRpcClient(runtimeApi, join(home, 'run/runtime.sock'))
  try {
    return await runtime.call('access.here', { name }, { timeoutMs: 10_000 })
  } catch (error) {
    const known = platformError(error)
    if (known?.code !== 'not_in_this_state') return undefined
    const code = textOf(join(home, 'run/setup-code'))
    throw code === undefined ? known : new PlatformError(known.code, known.message, { fix: `Open ${url}/setup?code=${code.trim()} in a browser, then log in again.` })
  } finally {
    runtime.close()
  }
}

/** The folder of the platform that answers at this URL, when it is this machine's and can be read. */
function homeOf(url: string): string | undefined {
  if (!isHere(url)) return undefined
  try {
    const { M3O_HOME, XDG_DATA_HOME } = process.env
    const { home } = readSettings({ M3O_HOME, XDG_DATA_HOME })
    const ports = JSON.parse(textOf(join(home, 'run/ports')) ?? '{}') as { web?: number }
    return ports.web !== undefined && String(ports.web) === new URL(url).port ? home : undefined
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
