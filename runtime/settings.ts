import { z } from 'zod'
import { type ConnectionOptions, connectionFromEnvironment } from '#db/open.ts'

/** The runtime's settings, which its parent gives it. */
export interface Settings {
  /** Data folder. */
  home: string
  database: ConnectionOptions
  engine: 'process' | 'swarm'
  /** Where services are reached: `{service}--{team}.{domain}:{gatewayPort}`. */
  domain: string
  gatewayHost: string
  gatewayPort: number
  /** Sample services in the first team. */
  samples: boolean
}

const port = z.coerce.number().int().min(1).max(65535)

const variables = z.object({
  M3O_HOME: z.string().min(1),
  M3O_ENGINE: z.enum(['process', 'swarm']).default('process'),
  M3O_DOMAIN: z.string().default('localhost'),
  M3O_HOST: z.string().default('127.0.0.1'),
  M3O_GATEWAY_PORT: port.default(8080),
  M3O_SAMPLES: z.enum(['0', '1']).default('1'),
})

export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const given = variables.parse(env)
  return {
    home: given.M3O_HOME,
    database: connectionFromEnvironment(env),
    engine: given.M3O_ENGINE,
    domain: given.M3O_DOMAIN,
    gatewayHost: given.M3O_HOST,
    gatewayPort: given.M3O_GATEWAY_PORT,
    samples: given.M3O_SAMPLES === '1',
  }
}
