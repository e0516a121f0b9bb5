import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { parseEgress } from '#contract/egress.ts'
import { parseMemory } from '#contract/quantities.ts'
import { Problem } from './problem.ts'
import { checkSignInSettings } from './sign-in-settings.ts'

/** Settings of the platform, from the environment, checked. Nothing else of the parent reads the environment. */
export interface Settings {
  home: string
  host: string
  port: number
  gatewayPort: number
  /** Where people reach the console, without a slash at the end; undefined: at the host and port themselves. */
  url: string | undefined
  domain: string
  databaseUrl: string | undefined
  engine: 'process' | 'swarm'
  dockerHost: string | undefined
  samples: boolean
  logLevel: (typeof logLevels)[number]
  admin: { email: string; password: string } | undefined
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

type Variables = Readonly<Record<string, string | undefined>>

/** Unix sockets' paths end at 107 bytes (unix(7)); the longest of ours is `/run/gateway.sock`, with room for a few more. */
const longestHome = 80

/** @throws Problem naming the variable and what is expected of it. */
export function readSettings(variables: Variables, asRoot = process.getuid?.() === 0): Settings {
  const read = (name: string) => (variables[name]?.trim() === '' ? undefined : variables[name]?.trim())
  const settings: Settings = {
    home: homeFolder(read('M3O_HOME'), read('XDG_DATA_HOME'), asRoot),
    host: hostAddress(read('M3O_HOST') ?? '127.0.0.1'),
    port: portNumber('M3O_PORT', read('M3O_PORT') ?? '4000'),
    gatewayPort: portNumber('M3O_GATEWAY_PORT', read('M3O_GATEWAY_PORT') ?? '8080'),
    url: publicUrl(read('M3O_URL')),
    domain: domainName(read('M3O_DOMAIN') ?? 'localhost'),
    databaseUrl: databaseUrl(read('DATABASE_URL')),
    engine: engineName(read('M3O_ENGINE') ?? 'process'),
    dockerHost: dockerHost(read('DOCKER_HOST')),
    samples: oneOf('M3O_SAMPLES', read('M3O_SAMPLES') ?? '1', ['0', '1']) === '1',
    logLevel: oneOf('M3O_LOG_LEVEL', read('M3O_LOG_LEVEL') ?? 'info', logLevels),
    admin: administrator(read('M3O_ADMIN_EMAIL'), variables['M3O_ADMIN_PASSWORD']),
  }
  checkWalls(read)
  checkSignInSettings(read)
  if (settings.port !== 0 && settings.port === settings.gatewayPort) {
    throw new Problem(`M3O_PORT and M3O_GATEWAY_PORT are both ${settings.port}: give them different ports`)
  }
  return settings
}

/** The runtime reads them; a wrong one is told before anything is started. */
function checkWalls(read: (name: string) => string | undefined): void {
  const egress = read('M3O_EGRESS')
  try {
    if (egress !== undefined) parseEgress([egress])
  } catch {
    throw new Problem(
      `M3O_EGRESS is ${JSON.stringify(egress)}: expected all, none, or hosts and networks such as api.example.com,203.0.113.0/24`,
    )
  }
  for (const name of ['M3O_TEAM_MEMORY', 'M3O_TEAM_DISK']) {
    const size = read(name)
    if (size !== undefined && (parseMemory(size) ?? 0) < 64)
      throw new Problem(`${name} is ${JSON.stringify(size)}: expected a size of at least 64MB, such as 4GB`)
  }
  const processes = read('M3O_TEAM_PROCESSES')
  if (processes !== undefined && !(/^\d{2,6}$/.test(processes) && Number(processes) >= 64))
    throw new Problem(`M3O_TEAM_PROCESSES is ${JSON.stringify(processes)}: expected a number of at least 64`)
  oneOf('M3O_TEAMS_WITHOUT_WALLS', read('M3O_TEAMS_WITHOUT_WALLS') ?? '0', ['0', '1'])
}

function homeFolder(given: string | undefined, dataHome: string | undefined, asRoot: boolean): string {
  if (given !== undefined) return checkedHome('M3O_HOME', resolve(given))
  if (asRoot) return '/var/lib/m3o'
  // A relative $XDG_DATA_HOME is to be ignored (XDG Base Directory Specification).
  const base = dataHome !== undefined && isAbsolute(dataHome) ? dataHome : join(homedir(), '.local/share')
  return checkedHome('XDG_DATA_HOME', join(base, 'm3o'))
}

function checkedHome(name: string, path: string): string {
  if (path === '/') throw new Problem(`${name} is /: choose a folder of its own, such as /var/lib/m3o`)
  if (Buffer.byteLength(path) > longestHome) {
    throw new Problem(
      `${name} is too long: the folder's path may have at most ${longestHome} bytes, as sockets live in it (it has ${Buffer.byteLength(path)})`,
    )
  }
  if (/[\0-\x1f]/.test(path)) throw new Problem(`${name} contains a control character`)
  return path
}

function portNumber(name: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65535))
    throw new Problem(`${name} is ${JSON.stringify(text)}: expected a port number, 0 (any free one) to 65535`)
  return port
}

function hostAddress(text: string): string {
  if (/^[A-Za-z0-9.:%_-]+$/.test(text)) return text
  throw new Problem(
    `M3O_HOST is ${JSON.stringify(text)}: expected an address to listen on, such as 127.0.0.1 or 0.0.0.0`,
  )
}

function publicUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  const fine =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.pathname === '/'
  if (!fine)
    throw new Problem(
      `M3O_URL is ${JSON.stringify(text)}: expected the console's public address without a path, such as https://m3o.example.com`,
    )
  return url.origin
}

function domainName(text: string): string {
  if (text.length <= 180 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(text))
    return text.toLowerCase()
  throw new Problem(
    `M3O_DOMAIN is ${JSON.stringify(text)}: expected a domain such as localhost or m3o.example.com, without a port`,
  )
}

function databaseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  // It may hold a password, so it is not repeated.
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) return text
  throw new Problem('invalid DATABASE_URL: expected postgres://user:password@host:5432/database')
}

function dockerHost(text: string | undefined): string | undefined {
  if (text === undefined || /^(unix:\/\/\/|tcp:\/\/|https?:\/\/|ssh:\/\/)./.test(text)) return text
  throw new Problem(`DOCKER_HOST is ${JSON.stringify(text)}: expected unix:///var/run/docker.sock or tcp://host:2376`)
}

function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text)
  if (found === undefined) throw new Problem(`${name} is ${JSON.stringify(text)}: expected ${allowed.join(' or ')}`)
  return found
}

/** Never another engine than was asked for. */
function engineName(text: string): Settings['engine'] {
  const name = oneOf('M3O_ENGINE', text, ['process', 'swarm'])
  if (name === 'swarm')
    throw new Problem(
      'M3O_ENGINE is "swarm", which this version does not have yet: leave it out, and services run on this machine',
    )
  return name
}

function administrator(email: string | undefined, password: string | undefined): Settings['admin'] {
  if (email === undefined && !password) return undefined
  if (email === undefined) throw new Problem('M3O_ADMIN_PASSWORD is set without M3O_ADMIN_EMAIL: set both, or neither')
  if (!password) throw new Problem('M3O_ADMIN_EMAIL is set without M3O_ADMIN_PASSWORD: set both, or neither')
  if (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > 254)
    throw new Problem(`M3O_ADMIN_EMAIL is ${JSON.stringify(email)}: expected an email address`)
  if (password.length < 8) throw new Problem('M3O_ADMIN_PASSWORD is too short: expected at least 8 characters')
  return { email, password }
}
