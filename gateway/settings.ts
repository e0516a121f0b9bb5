import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'

const schema = z.object({
  M3O_HOME: z.string().min(1).optional(),
  M3O_HOST: z.string().min(1).default('127.0.0.1'),
  M3O_PORT: z.coerce.number().int().min(0).max(65535).default(4000),
  M3O_GATEWAY_PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  M3O_DOMAIN: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'is not a domain')
    .default('localhost'),
  M3O_URL: z.url({ protocol: /^https?$/ }).optional(),
  XDG_DATA_HOME: z.string().min(1).optional(),
})

export interface GatewaySettings {
  home: string
  host: string
  port: number
  /** Services are reached at `{label}.{domain}`. Lower case. */
  domain: string
  /** The console, without a slash at its end. */
  console: string
  /** Scheme by which people reach this installation: what ends TLS stands before both, or neither. */
  scheme: 'http' | 'https'
}

/** Throws an Error whose message is one line for the person who starts it. */
export function readSettings(environment: Record<string, string | undefined>): GatewaySettings {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(present)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Error(`${issue?.path.join('.')}: ${issue?.message}`)
  }
  const { data } = parsed
  const dataHome = data.XDG_DATA_HOME ?? join(homedir(), '.local/share')
  const console = (data.M3O_URL ?? `http://${data.M3O_HOST}:${data.M3O_PORT}`).replace(/\/+$/, '')
  return {
    home: data.M3O_HOME ?? (process.getuid?.() === 0 ? '/var/lib/m3o' : join(dataHome, 'm3o')),
    host: data.M3O_HOST,
    port: data.M3O_GATEWAY_PORT,
    domain: data.M3O_DOMAIN.toLowerCase(),
    console,
    scheme: console.startsWith('https:') ? 'https' : 'http',
  }
}
