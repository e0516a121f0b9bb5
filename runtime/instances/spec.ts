import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '#contract/ids.ts'
import type { InstanceSpec, Site } from '../engines/engine.ts'
import type { Platform } from '../platform.ts'
import { freePort } from './port.ts'
import type { Plan } from './plan.ts'

/** What one instance has for itself: its name, its key at the gateway, and where it listens. */
export interface Seat {
  id: string
  key: string
  address: string
  port: number
  gatewayAddress: string
}

type Parts = Pick<Platform, 'engine' | 'settings'>

export async function takeSeat({ engine }: Parts, site: Site, portsTaken: readonly number[]): Promise<Seat> {
  const { gatewayAddress, instanceAddress } = await engine.prepare(site)
  return {
    id: newId('instance'),
    key: randomBytes(16).toString('base64url'),
    address: instanceAddress,
    gatewayAddress,
    port: await freePort(portsTaken, instanceAddress),
  }
}

/** What an instance's output is written to, until it is read into the logs. */
export const outputOf = (home: string, id: string): string => join(home, 'output', id)

/** For the engine: a deployment's plan, in its seat. */
export async function specOf({ settings }: Parts, plan: Plan, seat: Seat): Promise<InstanceSpec> {
  const { build } = plan
  const dataDir = join(settings.home, 'data', plan.serviceId, plan.environmentId)
  if (plan.keepsData) await mkdir(dataDir, { recursive: true, mode: 0o700 })
  return {
    id: seat.id,
    teamId: plan.teamId,
    serviceId: plan.serviceId,
    environmentId: plan.environmentId,
    name: plan.service,
    sourceDir: build.sourceDir,
    ...(build.modulesDir !== undefined && { modulesDir: build.modulesDir }),
    ...(build.buildDir !== undefined && { buildDir: build.buildDir }),
    platformDir: build.platformDir,
    ...(plan.keepsData && { dataDir }),
    binds: build.binds,
    command: build.command,
    env: {
      // Without one, programs take text for bytes.
      LANG: 'C.UTF-8',
      ...variablesOf(plan),
      PORT: String(seat.port),
      HOST: seat.address,
      M3O_SERVICE: plan.service,
      M3O_ENVIRONMENT: plan.environment,
      M3O_TEAM: plan.team,
      ...revisionOf(plan),
      M3O_INSTANCE: seat.id,
      M3O_GATEWAY: `http://${seat.gatewayAddress}:${settings.gatewayPort}/~${seat.key}`,
      ...(plan.keepsData && { M3O_DATA: '/data' }),
    },
    port: seat.port,
    limits: { memoryMiB: plan.settings.memoryMiB, cpu: plan.settings.cpu, pids: build.pids },
    logDir: outputOf(settings.home, seat.id),
  }
}

/** What Python loads before the service, and where its packages are, stays first when its variables name more such folders. */
function variablesOf({ build, values }: Plan): Record<string, string> {
  const own = Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value]))
  const given = build.env.PYTHONPATH
  return {
    ...build.env,
    ...own,
    ...(given !== undefined && own.PYTHONPATH && { PYTHONPATH: `${given}:${own.PYTHONPATH}` }),
  }
}

/** All that another revision changes in a service's environment. */
export const revisionOf = ({ commit }: { commit: string }): Record<string, string> => ({ M3O_REVISION: commit })
