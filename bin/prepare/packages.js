import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout, Failure, lastOf, run, say } from './run.js'

/** For a slow network; one that is out of reach is found out at once. */
const withinMs = 900_000

/** Installs what package-lock.json names and node_modules does not have. */
export async function installPackages(goal) {
  const missing = missingPackages(goal)
  if (missing.length === 0) return
  say(
    missing.length > 50
      ? 'Installing npm packages …'
      : `Installing npm packages (${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}) …`,
  )
  // `npm ci` refuses where a registry lacks some platform's package that the lock file names; this leaves the lock as it is.
  // No install script runs: none is needed, npm 12 blocks them anyway, and so every npm installs the same.
  // What tests need is left out for whoever only starts, but never taken away from whoever has it.
  const tests = goal === 'test' || existsSync(join(checkout, 'node_modules/vitest'))
  const args = [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--ignore-scripts',
    '--include=optional',
    tests ? '--include=dev' : '--omit=dev',
    '--loglevel=error',
  ]
  const env = { ...process.env, NODE_ENV: tests ? 'development' : 'production' }
  const unreachable = await registryIsOut()
  if (unreachable !== undefined)
    throw new Failure(
      `npm packages are missing and the registry ${unreachable} does not respond: connect to the network, or set npm_config_registry`,
    )
  const { code, output, late } = await run('npm', args, { withinMs, env })
  if (late) throw new Failure(`npm install timed out after ${withinMs / 60_000} minutes`)
  if (code !== 0) throw new Failure(`npm install failed:\n${lastOf(output, 8)}`)
  const still = missingPackages(goal)
  if (still.length > 0)
    throw new Failure(`npm install left out ${still.slice(0, 5).join(', ')}: remove node_modules and try again`)
}

/** npm itself hangs for minutes on a registry that is out of reach. Any answer will do; behind a proxy, npm is left to find out. */
async function registryIsOut() {
  if (
    ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'npm_config_proxy', 'npm_config_https_proxy'].some(
      (name) => process.env[name],
    )
  )
    return undefined
  const { code, output } = await run('npm', ['config', 'get', 'registry'], { withinMs: 20_000 })
  const registry = code === 0 ? output.trim().split('\n').at(-1) : undefined
  if (registry === undefined || !/^https?:/.test(registry)) return undefined
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await fetch(registry, { method: 'HEAD', signal: AbortSignal.timeout(15_000) })
      return undefined
    } catch (error) {
      // A certificate that npm is told to trust by other means is none of our business: somebody answered.
      if (/CERT|SELF_SIGNED|ISSUER/.test(String(error.cause?.code))) return undefined
    }
  }
  return registry
}

/** Compares the lock file with npm's own record of what it installed; a person's `npm install` counts as well as ours. */
function missingPackages(goal) {
  const wanted = readPackages(join(checkout, 'package-lock.json'))
  const there = readPackages(join(checkout, 'node_modules/.package-lock.json'))
  return Object.entries(wanted)
    .filter(
      ([path, { optional, dev, peer, version, link }]) =>
        path !== '' &&
        !optional &&
        !link &&
        !(peer && dev) &&
        (goal === 'test' || !dev) &&
        (there[path]?.version !== version || !existsSync(join(checkout, path, 'package.json'))),
    )
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {}
  } catch {
    return {}
  }
}
