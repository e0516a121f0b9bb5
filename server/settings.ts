import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What web reads from its environment, and the two files of its own; read here and nowhere else. */
export interface Settings {
  home: string
  host: string
  port: number
  /** Where people reach the console, without a final slash. */
  url: string
  secure: boolean
  /** Behind a proxy of one's own (M3O_URL says https, or another port): its `X-Forwarded-For` tells who asks. */
  domain: string
  gatewayPort: number
  runtimeSocket: string
  gatewaySocket: string
  setupCodeFile: string
  samples: boolean
  admin: { email: string; password: string } | undefined
  dev: boolean
  /** Signs sessions' cookies; made at the first start. */
  secret: string
  cookies: { session: string; csrf: string; callback: string }
}

const port = z.coerce.number().int().min(0).max(65_535)
const environment = z.object({
  M3O_HOME: z.string().min(1),
  M3O_HOST: z.string().default('127.0.0.1'),
  M3O_PORT: port.default(4000),
  M3O_URL: z.url({ protocol: /^https?$/ }).optional(),
  M3O_DOMAIN: z.string().default('localhost'),
  M3O_GATEWAY_PORT: port.default(8080),
  M3O_SAMPLES: z.string().optional(),
  M3O_ADMIN_EMAIL: z.string().optional(),
  M3O_ADMIN_PASSWORD: z.string().optional(),
  M3O_DEV: z.string().optional(),
})

/** `listeningOn`: the port that was really given, where 0 was asked for. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const given = environment.parse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')))
  const home = given.M3O_HOME
  const secret = keptSecret(join(home, 'web'))
  return {
    home, host: given.M3O_HOST, port: given.M3O_PORT, ...addressOf(given.M3O_URL, given.M3O_HOST, given.M3O_PORT),
    domain: given.M3O_DOMAIN, gatewayPort: given.M3O_GATEWAY_PORT,
    runtimeSocket: join(home, 'run', 'runtime.sock'), gatewaySocket: join(home, 'run', 'gateway.sock'), setupCodeFile: join(home, 'run', 'setup-code'),
    samples: given.M3O_SAMPLES !== '0',
    admin: given.M3O_ADMIN_EMAIL !== undefined && given.M3O_ADMIN_PASSWORD !== undefined
      ? { email: given.M3O_ADMIN_EMAIL, password: given.M3O_ADMIN_PASSWORD } : undefined,
    dev: given.M3O_DEV === '1',
    secret, cookies: cookieNames(secret),
  }
}

/** The same once the port is known. */
export function withPort(settings: Settings, env: NodeJS.ProcessEnv, actual: number): Settings {
  return { ...settings, port: actual, ...addressOf(env.M3O_URL || undefined, settings.host, actual) }
}

function addressOf(url: string | undefined, host: string, actual: number): Pick<Settings, 'url' | 'secure'> {
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  const address = new URL(url ?? `http://${shown}:${actual}`)
  return { url: address.origin, secure: address.protocol === 'https:' }
}

/** Cookies ignore ports, so two installations on one host need names of their own. */
function cookieNames(secret: string): Settings['cookies'] {
  const prefix = `m3o-console-${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`
  return { session: `${prefix}.session`, csrf: `${prefix}.csrf`, callback: `${prefix}.callback` }
}

function keptSecret(folder: string): string {
  const file = join(folder, 'secret')
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const secret = randomBytes(32).toString('base64url')
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, secret, { mode: 0o600, flush: true })
  renameSync(temporary, file)
  return secret
}
