import { hash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { gatewayApi } from '#contract/gateway-api.ts'
import type { Audience, RoutingTable, TokenScope } from '#contract/routing.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { startGateway } from '../gateway.ts'
import { readSettings } from '../settings.ts'
import type { AskToWake } from '../wake.ts'

/** A real gateway on a port of its own, the table that the runtime would send, and real services behind it. */
export async function startStand(options: { wake?: AskToWake; url?: string; home?: string } = {}) {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'm3o-gateway-'))
  const settings = readSettings({
    M3O_HOME: home,
    M3O_GATEWAY_PORT: '0',
    M3O_URL: options.url ?? 'http://127.0.0.1:4000',
  })
  const gateway = await startGateway(settings, options.wake ?? (async () => {}), pino({ level: 'silent' }))
  const control = createRpcClient(gatewayApi, join(home, 'run', 'gateway.sock'), 'gateway')
  const servers: Server[] = []
  const table = emptyTable()
  let epoch = 0

  return {
    home,
    gateway,
    control,
    table,
    base: `http://127.0.0.1:${gateway.port}`,

    /** Sends the whole table. */
    async publish() {
      table.epoch = `epoch-${++epoch}`
      table.version = 1
      await control.call('routes.replace', table)
    },

    service(
      name: string,
      { audience = { kind: 'team' }, team = 't_demo' }: { audience?: Audience; team?: string } = {},
    ) {
      const id = `s_${team}_${name}`
      table.services[id] = { id, teamId: team, name, formerNames: [], audience }
      return id
    },

    release(serviceId: string, environmentId: string, servers: Server[], revision = 'abc1234') {
      table.releases[`${environmentId}/${serviceId}`] = {
        environmentId,
        serviceId,
        deploymentId: 'd_1',
        revision,
        state: 'live',
        reason: null,
        instances: servers.map((server) => ({ id: `i_${portOf(server)}`, address: '127.0.0.1', port: portOf(server) })),
      }
    },

    environment(name: string, parentId: string | null, more: Partial<RoutingTable['environments'][string]> = {}) {
      const id = `e_${name}`
      table.environments[id] = {
        id,
        teamId: 't_demo',
        name,
        formerNames: [],
        parentId,
        generation: 1,
        gone: null,
        ...more,
      }
      return id
    },

    token(
      secret: string,
      more: { scope?: TokenScope; environmentId?: string; expiresAt?: number; teamId?: string } = {},
    ) {
      table.tokens[`tk_${secret}`] = {
        id: `tk_${secret}`,
        hash: hash('sha256', secret),
        teamId: 't_demo',
        personId: 'u_1',
        email: 'ann@x.y',
        mayCall: true,
        environmentId: null,
        scope: {},
        expiresAt: null,
        ...more,
      }
      return { authorization: `Bearer ${secret}` }
    },

    caller(key: string, serviceId: string, environmentId: string, { from = '127.0.0.1', teamId = 't_demo' } = {}) {
      table.callers[`i_${key}`] = {
        instanceId: `i_${key}`,
        key: hash('sha256', key),
        serviceId,
        environmentId,
        teamId,
        from,
        overlay: environmentId !== 'e_production',
      }
      return `http://127.0.0.1:${gateway.port}/~${key}`
    },

    async upstream(listener: RequestListener, configure: (server: Server) => void = () => {}): Promise<Server> {
      const server = createServer({ requestTimeout: 0 }, listener)
      configure(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      servers.push(server)
      return server
    },

    /** The cookie of a browser that signed in to `host` with the session `ss_1`. */
    async signIn(host: string): Promise<string> {
      const ask = async (path: string, cookie = '') => {
        const head = await raw(
          gateway.port,
          `GET ${path} HTTP/1.1\r\nhost: ${host}\r\ncookie: ${cookie}\r\nConnection: close\r\n\r\n`,
        )
        return {
          cookie: /^set-cookie: ([^;\r]+)/im.exec(head)?.[1] ?? '',
          state: /^location: \S*[?&]state=([\w-]+)/im.exec(head)?.[1] ?? '',
        }
      }
      const begun = await ask('/_m3o/handover')
      const { code } = await control.call('handover.create', { sessionId: 'ss_1', host, state: begun.state })
      return (await ask(`/_m3o/handover?code=${code}&to=/`, begun.cookie)).cookie
    },

    async close({ keepHome = false } = {}) {
      control.close()
      for (const server of servers) server.closeAllConnections()
      await gateway.close(200)
      await Promise.all(
        servers.map(
          (server) =>
            new Promise((resolve) => {
              server.close(resolve)
              server.closeAllConnections()
            }),
        ),
      )
      if (!keepHome) rmSync(home, { recursive: true })
    },
  }
}
export type Stand = Awaited<ReturnType<typeof startStand>>

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function emptyTable(): RoutingTable {
  return {
    version: 1,
    epoch: 'epoch',
    services: {},
    releases: {},
    laptops: {},
    callers: {},
    tokens: {},
    listeners: {},
    teams: {
      t_demo: { id: 't_demo', name: 'demo', formerNames: [] },
      t_other: { id: 't_other', name: 'other', formerNames: [] },
    },
    environments: {
      e_production: {
        id: 'e_production',
        teamId: 't_demo',
        name: 'production',
        formerNames: [],
        parentId: null,
        generation: 3,
        gone: null,
      },
      e_other: {
        id: 'e_other',
        teamId: 't_other',
        name: 'production',
        formerNames: [],
        parentId: null,
        generation: 1,
        gone: null,
      },
    },
    sessions: {
      ss_1: { id: 'ss_1', personId: 'u_1', email: 'ann@x.y', teamIds: ['t_demo'], expiresAt: Date.now() + 3_600_000 },
    },
  }
}

/** Sends bytes as they are and gives all that comes back until the end of the connection, or of the patience. */
export function raw(port: number, text: string | Buffer, { patienceMs = 1500, end = false } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let got = ''
    const timer = setTimeout(() => socket.destroy(), patienceMs)
    socket.setEncoding('latin1').on('data', (part: string) => {
      got += part
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? undefined : reject(error),
    )
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(got)
    })
    if (end) socket.end(text)
    else socket.write(text)
  })
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
