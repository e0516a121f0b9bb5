import { z } from 'zod'
import { type Egress, parseEgress } from '#contract/egress.ts'
import { parseMemory } from '#contract/quantities.ts'
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
  /** Beyond this no team goes. */
  egress: Egress
  /** Of one team; undefined: the engine's usual. */
  teamMemoryMiB: number | undefined
  teamProcesses: number | undefined
  /** What a team may keep on the disk, in data, running copies and output. */
  teamDiskMiB: number
  /** Several teams also where they cannot be isolated. */
  teamsWithoutWalls: boolean
}

const port = z.coerce.number().int().min(1).max(65535)

const size = z
  .string()
  .transform((text, context) => parseMemory(text) ?? (context.addIssue('expected a size such as 4GB'), z.NEVER))

const variables = z.object({
  M3O_HOME: z.string().min(1),
  M3O_ENGINE: z.enum(['process', 'swarm']).default('process'),
  M3O_DOMAIN: z.string().default('localhost'),
  M3O_HOST: z.string().default('127.0.0.1'),
  M3O_GATEWAY_PORT: port.default(8080),
  M3O_SAMPLES: z.enum(['0', '1']).default('1'),
  M3O_EGRESS: z
    .string()
    .default('all')
    .transform((text) => parseEgress([text])),
  M3O_TEAM_MEMORY: size.optional(),
  M3O_TEAM_PROCESSES: z.coerce.number().int().min(64).optional(),
  M3O_TEAM_DISK: size.default(10 * 1024),
  M3O_TEAMS_WITHOUT_WALLS: z.enum(['0', '1']).default('0'),
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
    egress: given.M3O_EGRESS,
    teamMemoryMiB: given.M3O_TEAM_MEMORY,
    teamProcesses: given.M3O_TEAM_PROCESSES,
    teamDiskMiB: given.M3O_TEAM_DISK,
    teamsWithoutWalls: given.M3O_TEAMS_WITHOUT_WALLS === '1',
  }
}
