import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { lookup } from 'node:dns/promises'
import { homedir } from 'node:os'
import type { Bind } from './engine.ts'

/** How builds reach packages, as the operator has set it for npm on this machine. For build jobs only, never for services. */
export interface OperatorRegistry {
  env: Record<string, string>
  binds: Bind[]
  /** Hosts named there, for the engine's exceptions should they be on private addresses. */
  permitted: { address: string; port: number }[]
}

const certificates = '/m3o/certificates.pem'

/** No tokens or passwords: a build runs whatever its dependencies bring, and could read them. npm's own names and files. */
const passedOn = [
  'registry',
  'proxy',
  'https-proxy',
  'noproxy',
  'strict-ssl',
  'fetch-retries',
  'fetch-timeout',
  'maxsockets',
] as const

export async function readOperatorRegistry(environment: NodeJS.ProcessEnv = process.env): Promise<OperatorRegistry> {
  const settings = { ...fileSettings(environment), ...environmentSettings(environment) }
  const env: Record<string, string> = {}
  const binds: Bind[] = []
  for (const name of passedOn) {
    const value = settings[name]
    if (value !== undefined && !hasCredentials(value)) env[`npm_config_${name.replaceAll('-', '_')}`] = value
  }
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const) {
    const value = environment[name] ?? environment[name.toLowerCase()]
    if (value && !hasCredentials(value)) Object.assign(env, { [name]: value, [name.toLowerCase()]: value })
  }
  const file = environment.NODE_EXTRA_CA_CERTS ?? settings.cafile
  if (file && existsSync(file)) {
    binds.push({ host: realpathSync(file), inside: certificates })
    Object.assign(env, {
      NODE_EXTRA_CA_CERTS: certificates,
      npm_config_cafile: certificates,
      SSL_CERT_FILE: certificates,
      PIP_CERT: certificates,
    })
  }
  return { env, binds, permitted: await addressesOf(Object.values(env)) }
}

const hasCredentials = (value: string) => /^[a-z]+:\/\/[^/]*@/i.test(value)

/** The user's file wins over the machine's. */
function fileSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  const files = [
    '/etc/npmrc',
    '/usr/etc/npmrc',
    '/usr/local/etc/npmrc',
    environment.NPM_CONFIG_GLOBALCONFIG,
    environment.NPM_CONFIG_USERCONFIG ?? `${homedir()}/.npmrc`,
  ]
  const settings: Record<string, string> = {}
  for (const file of files) {
    if (!file || !existsSync(file)) continue
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const match = /^\s*([a-z-]+)\s*=\s*"?(.*?)"?\s*$/i.exec(line)
      if (match?.[1] && match[2]) settings[match[1]] = expand(match[2], environment)
    }
  }
  return settings
}

const expand = (value: string, environment: NodeJS.ProcessEnv) =>
  value.replace(/\$\{(\w+)\}/g, (whole, name: string) => environment[name] ?? whole)

function environmentSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    const key = /^npm_config_(.+)$/i.exec(name)?.[1]
    if (key && value) settings[key.toLowerCase().replaceAll('_', '-')] = value
  }
  return settings
}

async function addressesOf(values: string[]): Promise<{ address: string; port: number }[]> {
  const urls = values
    .filter((value) => /^https?:\/\//.test(value) && URL.canParse(value))
    .map((value) => new URL(value))
  const found = new Map<string, { address: string; port: number }>()
  for (const url of urls) {
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
    const addresses = await lookup(url.hostname.replace(/^\[|\]$/g, ''), { family: 4, all: true }).catch(() => [])
    for (const { address } of addresses)
      if (!address.startsWith('127.')) found.set(`${address}:${port}`, { address, port })
  }
  return [...found.values()]
}
