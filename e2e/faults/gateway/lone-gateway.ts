import { hash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { platformFlags } from '#cli/server/platform-programs.ts'
import type { RoutingTable } from '#contract/routing.ts'
import { freePort, startProcess } from '../../platform/processes.ts'

export const token = 'm3o_bench0123456789'

/** Anyone may call these at `{name}--demo.localhost`; with the token also under `/v1/{name}`. */
function tableOf(services: Readonly<Record<string, number>>): RoutingTable {
  const table: RoutingTable = {
    version: 1,
    epoch: 'lone',
    teams: { t: { id: 't', name: 'demo', formerNames: [] } },
    callers: {},
    sessions: {},
    listeners: {},
    laptops: {},
    environments: {
      e: { id: 'e', teamId: 't', name: 'production', formerNames: [], parentId: null, generation: 1, gone: null },
    },
    services: {},
    releases: {},
    tokens: {
      tk: {
        id: 'tk',
        hash: hash('sha256', token),
        teamId: 't',
        personId: 'u',
        email: 'a@b.c',
        mayCall: true,
        environmentId: null,
        scope: {},
        expiresAt: null,
      },
    },
  }
  for (const [name, port] of Object.entries(services)) {
    table.services[name] = { id: name, teamId: 't', name, formerNames: [], audience: { kind: 'anyone' } }
    table.releases[`e/${name}`] = {
      environmentId: 'e',
      serviceId: name,
      deploymentId: 'd',
      revision: 'abc1234',
      state: 'live',
      reason: null,
      instances: [{ id: `i_${name}`, address: '127.0.0.1', port }],
    }
  }
  return table
}

/** The gateway's process alone, which knows what it would have been told; services by name, each with its port of 127.0.0.1. */
export async function startLoneGateway(services: Readonly<Record<string, number>>) {
  const home = await mkdtemp(join(tmpdir(), 'm3o-lone-gateway-'))
  await mkdir(join(home, 'run'))
  await writeFile(join(home, 'run/routes.json'), JSON.stringify(tableOf(services)))
  const port = await freePort()
  const gateway = await startProcess(
    'gateway',
    {
      PATH: process.env.PATH,
      NODE_OPTIONS: platformFlags.gateway.join(' '),
      NODE_ENV: 'production',
      M3O_HOME: home,
      M3O_GATEWAY_PORT: String(port),
      M3O_LOG_LEVEL: 'error',
    },
    join(home, 'run', 'gateway.sock'),
  )
  return {
    port,
    pid: gateway.pid,
    said: gateway.said,
    [Symbol.asyncDispose]: async () => {
      await gateway.kill()
      await rm(home, { recursive: true, force: true })
    },
  }
}
