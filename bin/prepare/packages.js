import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout, Failure, lastOf, run, say } from './run.js'

/** A registry that is out of reach otherwise hangs for minutes. */
const withinMs = 170_000

/** Installs what package-lock.json names and node_modules does not have. */
export async function installPackages(goal) {
  const missing = missingPackages(goal)
  if (missing.length === 0) return
  say(missing.length > 50 ? 'Installing npm packages …' : `Installing npm packages (${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}) …`)
  // `npm ci` refuses where a registry lacks some platform's package that the lock file names; this leaves the lock as it is.
  // No install script runs: none is needed, npm 12 blocks them anyway, and so every npm installs the same.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--include=optional', '--include=dev', '--loglevel=error']
  const { code, output, late } = await run('npm', args, { withinMs, env: { ...process.env, NODE_ENV: 'development' } })
  if (late) throw new Failure(`npm install did not end within ${withinMs / 1000} s: is the registry reachable?`)
  if (code !== 0) throw new Failure(`npm install failed:\n${lastOf(output, 8)}`)
  const still = missingPackages(goal)
  if (still.length > 0) throw new Failure(`npm install left out ${still.slice(0, 5).join(', ')}: remove node_modules and try again`)
}

/** Compares the lock file with npm's own record of what it installed; a person's `npm install` counts as well as ours. */
function missingPackages(goal) {
  const wanted = readPackages(join(checkout, 'package-lock.json'))
  const there = readPackages(join(checkout, 'node_modules/.package-lock.json'))
  return Object.entries(wanted)
    .filter(([path, { optional, dev, peer, version, link }]) => path !== '' && !optional && !link && !(peer && dev) && (goal === 'test' || !dev)
      && (there[path]?.version !== version || !existsSync(join(checkout, path, 'package.json'))))
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {}
  } catch {
    return {}
  }
}
