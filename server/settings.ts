import { createHash, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
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
  /** M3O_URL was given: something of the operator's may stand before us, and ports are its. */
  proxied: boolean
  /** M3O_TRUST_PROXY=1: the last entry of `X-Forwarded-For` tells who asks. */
  trustProxy: boolean
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
  cookies: Record<CookieName, string>
  /** Undefined: there is no mail server, and operators pass links on. */
  mail: { url: string; from: string } | undefined
  /** Where else one can sign in. */
  providers: ProviderSettings[]
}

type CookieName = 'session' | 'csrf' | 'callback' | 'pkce' | 'state' | 'nonce' | 'second'

export interface ProviderSettings {
  id: 'oidc' | 'github' | 'google'
  /** What the button says. */
  name: string
  /** Of an OIDC provider; of GitHub, where it is. */
  issuer: string
  clientId: string
  clientSecret: string
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
  M3O_TRUST_PROXY: z.string().optional(),
  M3O_SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: 'M3O_SMTP_URL: expected smtp://user:password@host:587 or smtps://…' })
    .optional(),
  M3O_MAIL_FROM: z
    .string()
    .max(254)
    .regex(/^[^\r\n]+@[^\r\n]+$/, 'M3O_MAIL_FROM: expected an address such as M3O <m3o@example.com>')
    .optional(),
  M3O_OIDC_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
  M3O_OIDC_CLIENT_ID: z.string().optional(),
  M3O_OIDC_CLIENT_SECRET: z.string().optional(),
  M3O_OIDC_NAME: z.string().max(40).default('Single sign-on'),
  M3O_GITHUB_URL: z.url({ protocol: /^https?$/ }).default('https://github.com'),
  M3O_GITHUB_CLIENT_ID: z.string().optional(),
  M3O_GITHUB_CLIENT_SECRET: z.string().optional(),
  M3O_GOOGLE_CLIENT_ID: z.string().optional(),
  M3O_GOOGLE_CLIENT_SECRET: z.string().optional(),
})
type Given = z.infer<typeof environment>

export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const given = environment.parse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')))
  const home = given.M3O_HOME
  const secret = keptSecret(join(home, 'keys'))
  return {
    home,
    host: given.M3O_HOST,
    port: given.M3O_PORT,
    ...addressOf(given.M3O_URL, given.M3O_HOST, given.M3O_PORT, secret),
    domain: given.M3O_DOMAIN,
    gatewayPort: given.M3O_GATEWAY_PORT,
    runtimeSocket: join(home, 'run', 'runtime.sock'),
    gatewaySocket: join(home, 'run', 'gateway.sock'),
    setupCodeFile: join(home, 'run', 'setup-code'),
    samples: given.M3O_SAMPLES !== '0',
    admin:
      given.M3O_ADMIN_EMAIL !== undefined && given.M3O_ADMIN_PASSWORD !== undefined
        ? { email: given.M3O_ADMIN_EMAIL, password: given.M3O_ADMIN_PASSWORD }
        : undefined,
    dev: given.M3O_DEV === '1',
    trustProxy: given.M3O_TRUST_PROXY === '1',
    secret,
    mail: mailOf(given),
    providers: providersOf(given),
  }
}

function mailOf({ M3O_SMTP_URL: url, M3O_MAIL_FROM: from }: Given): Settings['mail'] {
  if (url === undefined) return undefined
  if (from === undefined) throw new Error('M3O_SMTP_URL is set without M3O_MAIL_FROM: set the sender address')
  return { url, from }
}

function providersOf(given: Given): ProviderSettings[] {
  const of = (
    id: ProviderSettings['id'],
    name: string,
    issuer: string | undefined,
    [clientId, clientSecret]: [string | undefined, string | undefined],
  ): ProviderSettings[] => {
    if (clientId === undefined && clientSecret === undefined && (id !== 'oidc' || issuer === undefined)) return []
    const names = `M3O_${id.toUpperCase()}_`
    if (issuer === undefined || clientId === undefined || clientSecret === undefined)
      throw new Error(
        `${names}CLIENT_ID, ${names}CLIENT_SECRET${id === 'oidc' ? ` and ${names}ISSUER` : ''} must be set together, or not at all`,
      )
    return [{ id, name, issuer: issuer.replace(/\/$/, ''), clientId, clientSecret }]
  }
  return [
    ...of('github', 'GitHub', given.M3O_GITHUB_URL, [given.M3O_GITHUB_CLIENT_ID, given.M3O_GITHUB_CLIENT_SECRET]),
    ...of('google', 'Google', 'https://accounts.google.com', [
      given.M3O_GOOGLE_CLIENT_ID,
      given.M3O_GOOGLE_CLIENT_SECRET,
    ]),
    ...of('oidc', given.M3O_OIDC_NAME, given.M3O_OIDC_ISSUER, [given.M3O_OIDC_CLIENT_ID, given.M3O_OIDC_CLIENT_SECRET]),
  ]
}

/** The same once the port is known. */
export function withPort(settings: Settings, env: NodeJS.ProcessEnv, actual: number): Settings {
  return { ...settings, port: actual, ...addressOf(env.M3O_URL || undefined, settings.host, actual, settings.secret) }
}

function addressOf(url: string | undefined, host: string, actual: number, secret: string) {
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  const direct = `http://${shown}:${actual}`
  const address = new URL(url ?? direct)
  const secure = address.protocol === 'https:'
  return {
    url: address.origin,
    secure,
    proxied: address.origin !== new URL(direct).origin,
    cookies: cookieNames(secret, secure),
  }
}

/** Cookies ignore ports, so two installations on one host need names of their own. */
function cookieNames(secret: string, secure: boolean): Settings['cookies'] {
  const prefix = `${secure ? '__Host-' : ''}m3o-console-${createHash('sha256').update(secret).digest('hex').slice(0, 8)}`
  const names = ['session', 'csrf', 'callback', 'pkce', 'state', 'nonce', 'second'] as const
  return Object.fromEntries(names.map((name) => [name, `${prefix}.${name}`])) as Settings['cookies']
}

/** The parent makes it; a web process that was started by itself makes its own. */
function keptSecret(folder: string): string {
  const file = join(folder, 'session')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const secret = randomBytes(32).toString('hex')
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, secret, { mode: 0o600, flush: true })
  renameSync(temporary, file)
  const opened = openSync(folder, 'r')
  fsyncSync(opened)
  closeSync(opened)
  return secret
}
