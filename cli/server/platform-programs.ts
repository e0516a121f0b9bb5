import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { childEnvironment } from './child-environment.ts'
import { checkout, compileCache, quickImports, stampOf } from './checkout.ts'
import type { Home } from './home.ts'
import { identify } from './identity.ts'
import { openLog } from './log-file.ts'
import { Problem } from './problem.ts'
import type { Settings } from './settings.ts'
import type { Program } from './supervised.ts'

export const platformNames = ['runtime', 'gateway', 'web'] as const
export type PlatformName = (typeof platformNames)[number]

/** The script that each process runs. Tests give their own. */
export type Entries = Readonly<Record<PlatformName, string>>

export const productEntries: Entries = {
  runtime: join(checkout, 'runtime/main.ts'),
  gateway: join(checkout, 'gateway/main.ts'),
  web: join(checkout, 'server/main.ts'),
}

/** Node starts with a heap for servers with much memory; these take about a third of it (recipe: 270 → 110 MB for web). */
export const platformFlags: Readonly<Record<PlatformName, readonly string[]>> = {
  runtime: [...quickImports, '--max-semi-space-size=2', '--max-old-space-size=512'],
  // A larger young generation: what a proxied request leaves behind should die there.
  gateway: [...quickImports, '--max-semi-space-size=8', '--max-old-space-size=256'],
  web: [...quickImports, '--max-semi-space-size=2', '--max-old-space-size=192'],
}

const code: Readonly<Record<PlatformName, readonly string[]>> = {
  runtime: ['runtime', 'contract', 'db', 'sdk', 'package-lock.json'],
  gateway: ['gateway', 'contract', 'package-lock.json'],
  web: ['server', 'contract', 'db', '.next/BUILD_ID', 'next.config.js', 'package-lock.json'],
}

/** How children reach the database: what `connectionFromEnvironment` of `#db/open.ts` reads. */
export type DatabaseEnvironment = { DATABASE_URL: string } | { M3O_DATABASE_SOCKET: string }

export function platformProgram(
  name: PlatformName,
  home: Home,
  environment: Record<string, string>,
  entries: Entries,
): Program {
  const log = join(home.logs, `${name}.log`)
  const entry = entries[name]
  return {
    name,
    log,
    pidFile: join(home.run, `${name}.pid`),
    stamp: stampOf([...code[name]], { ...environment, entry }),
    stopSignal: 'SIGTERM',
    launch: async () => {
      const output = openLog(log)
      try {
        const child = spawn(
          process.execPath,
          [...platformFlags[name], '--disable-warning=ExperimentalWarning', entry],
          {
            cwd: checkout,
            env: childEnvironment(environment),
            stdio: ['ignore', output, output],
            detached: true,
          },
        )
        child.on('error', () => {})
        child.unref()
        const identity = child.pid === undefined ? undefined : identify(child.pid)
        if (identity === undefined) throw new Problem(`${name} could not be started`)
        return { identity, child }
      } finally {
        closeSync(output)
      }
    },
  }
}

/** What each process finds in its environment: what it needs, and nothing else of ours or the shell's. */
export function platformEnvironment(
  name: PlatformName,
  home: Home,
  settings: Settings,
  database: DatabaseEnvironment,
): Record<string, string> {
  const everywhere = {
    ...passedOn(),
    NODE_ENV: 'production',
    NODE_COMPILE_CACHE: compileCache,
    M3O_HOME: home.path,
    M3O_HOST: settings.host,
    M3O_PORT: String(settings.port),
    M3O_GATEWAY_PORT: String(settings.gatewayPort),
    M3O_DOMAIN: settings.domain,
    M3O_URL: consoleUrl(settings),
    M3O_LOG_LEVEL: settings.logLevel,
  }
  if (name === 'gateway') return everywhere
  if (name === 'runtime') {
    return {
      ...everywhere,
      ...database,
      ...chosen(/^(npm_config_(registry|cafile|proxy|https_proxy|noproxy)|GOPROXY|PIP_INDEX_URL)$/i),
      // Node's four would all wait for a busy disk to sync, and every look at a file behind them.
      UV_THREADPOOL_SIZE: '16',
      M3O_ENGINE: settings.engine,
      M3O_SAMPLES: settings.samples ? '1' : '0',
      // Checked in settings.ts, read by the runtime.
      ...chosen(/^M3O_(EGRESS|TEAM_(MEMORY|PROCESSES|DISK)|TEAMS_WITHOUT_WALLS)$/),
      ...(settings.dockerHost !== undefined && { DOCKER_HOST: settings.dockerHost }),
    }
  }
  // Sign-in providers and mail have settings of their own, which web reads and checks.
  return { ...chosen(/^M3O_/), ...everywhere, ...database }
}

/** Where people reach the console. A wildcard address is listened on, but is none to go to. */
export function consoleUrl(settings: Settings): string {
  if (settings.url !== undefined) return settings.url
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${settings.port}`
}

function passedOn(): Record<string, string> {
  return chosen(
    /^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|XDG_RUNTIME_DIR|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|(https?|no|all)_proxy)$/i,
  )
}

function chosen(names: RegExp): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && names.test(name) ? [[name, value]] : [],
    ),
  )
}
