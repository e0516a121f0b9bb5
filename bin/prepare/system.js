import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { checkout, lastOf, run, say } from './run.js'

/** What the platform uses of the system: Debian's package, how to see that it is there, and what is weaker without it. */
const packages = [
  { name: 'bubblewrap', there: () => hasCommand('bwrap'), without: 'services run without a sandbox' },
  { name: 'nftables', there: () => hasCommand('nft'), without: 'teams share one network' },
  { name: 'iproute2', there: () => hasCommand('ip'), without: 'teams share one network' },
  {
    name: 'tini',
    there: () => hasCommand('tini') || hasCommand('docker-init'),
    without: 'dead processes may remain as zombies',
  },
  { name: 'git', there: () => hasCommand('git'), without: 'M3O cannot store source code and does not work' },
  { name: 'python3', there: () => hasCommand('python3'), without: 'services cannot be written in Python' },
  { name: 'chromium', test: true, there: () => hasCommand('chromium'), without: 'the browser tests cannot run' },
  {
    name: 'postgresql',
    test: true,
    there: () => debianPostgres(),
    without: 'the tests use only the embedded Postgres',
  },
]

const withinMs = 160_000
const attempt = join(checkout, 'node_modules/.cache/m3o/system-packages')

/** As root on Debian: installs them. Otherwise, or without success, goes on and says what is weaker. */
export async function installSystemPackages(goal) {
  const wanted = packages.filter(({ test }) => goal === 'test' || !test)
  const missing = wanted.filter(({ there }) => !there())
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name)
  if (mayInstall() && !triedBefore(names)) {
    say(`Installing Debian packages (${names.join(', ')}) …`)
    const failure = await install(names)
    remember(names, failure)
    if (failure !== undefined) say(`Note: apt-get could not install them: ${lastOf(failure, 1)}`)
  }
  for (const { name, without } of wanted.filter(({ there }) => !there()))
    say(`Note: ${name} is missing, so ${without}.`)
}

function mayInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && hasCommand('apt-get')
}

async function install(names) {
  const options = [
    '-o',
    'Acquire::Retries=1',
    '-o',
    'Acquire::http::Timeout=15',
    '-o',
    'Acquire::https::Timeout=15',
    '-o',
    'DPkg::Lock::Timeout=60',
  ]
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const args = ['install', '-y', '--no-install-recommends', ...options, ...names]
  const update = await run('apt-get', ['update', ...options], { env, withinMs: 60_000 })
  const { code, output, late } = await run('apt-get', args, { env, withinMs })
  if (late) return `it timed out after ${withinMs / 1000} s`
  return code === 0
    ? undefined
    : ((output.trim() || update.output)
        .split('\n')
        .filter((line) => line.startsWith('E:'))
        .at(-1) ?? output)
}

/** A machine without Debian's mirrors should not wait for them at every start. */
function triedBefore(names) {
  try {
    return readFileSync(attempt, 'utf8') === names.join(' ')
  } catch {
    return false
  }
}

function remember(names, failure) {
  rmSync(attempt, { force: true })
  if (failure === undefined) return
  mkdirSync(dirname(attempt), { recursive: true })
  writeFileSync(attempt, names.join(' '))
}

function hasCommand(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/bin', '/usr/sbin', '/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function debianPostgres() {
  try {
    return readdirSync('/usr/lib/postgresql').some((version) =>
      existsSync(join('/usr/lib/postgresql', version, 'bin/postgres')),
    )
  } catch {
    return false
  }
}
