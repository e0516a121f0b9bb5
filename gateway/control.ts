import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { gatewayApi } from '#contract/gateway-api.ts'
import { metricsPath, metricsType } from '#contract/metrics.ts'
import { rpcHeader } from '#contract/rpc.ts'
import { createRpcServer } from '#contract/rpc-server.ts'
import type { DataPlane, WhoActs } from './data-plane.ts'
import type { Handovers } from './identity/handover.ts'
import { gatewayMetrics } from './metrics.ts'
import type { RouteTable } from './routes/route-table.ts'
import type { Targets } from './routes/target.ts'
import type { Traces } from './traces.ts'
import type { Traffic } from './traffic.ts'
import type { Pools } from './upstream/pools.ts'

/** For a client's answer to being told. */
const closingMs = 3_000

export interface ControlParts {
  table: RouteTable
  pools: Pools
  traffic: Traffic
  traces: Traces
  handovers: Handovers
  targets: Targets
  plane: DataPlane
  log: Logger
  /** From then on whoever watches is to turn to the successor. */
  closing: AbortSignal
}

/** The server for `gateway.sock`: the runtime's procedures, health, and calls in the name of a signed-in person. */
export function controlServer({
  table,
  pools,
  traffic,
  traces,
  handovers,
  targets,
  plane,
  log,
  closing,
}: ControlParts): Server {
  const rpc = createRpcServer(
    gatewayApi,
    {
      'routes.replace': (next) => {
        table.replace(next)
        return { version: table.version }
      },
      'routes.apply': (change) => {
        table.apply(change)
        return { version: table.version }
      },
      'routes.version': () => ({ version: table.version, epoch: table.epoch }),
      'instances.busy': ({ instanceIds }) =>
        Object.fromEntries(
          instanceIds.map((id) => {
            const pool = pools.find(id)
            return [id, { requests: pool?.busy ?? 0, sockets: pool?.sockets.size ?? 0 }]
          }),
        ),
      'instances.drain': async ({ instanceId, timeoutMs, closeSocketsAfterMs }, { signal }) => {
        const pool = pools.find(instanceId)
        if (pool === undefined) return { idle: true }
        if (!table.hasInstance(instanceId)) pool.retire()
        const timer = setTimeout(() => {
          for (const socket of pool.sockets) socket.closeForRestart()
        }, closeSocketsAfterMs)
        signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
        try {
          const idle = await pool.whenIdle(timeoutMs)
          if (idle || pool.sockets.size === 0) return { idle }
          // Sockets have a time of their own, and are told before they end.
          return { idle: await pool.whenIdle(Math.max(0, closeSocketsAfterMs - timeoutMs) + closingMs) }
        } finally {
          clearTimeout(timer)
        }
      },
      'traffic.watch': (_, { signal }) => traffic.watch(AbortSignal.any([signal, closing])),
      'traffic.saving': (claim) => {
        traffic.noteSaving(claim)
        return { ok: true }
      },
      'traffic.inherit': ({ counts }) => {
        traffic.inherit(counts)
        return { ok: true }
      },
      'traces.read': ({ traceId }) => traces.read(traceId, table),
      'handover.create': (asked) => ({ code: handovers.create(asked) }),
    },
    { log },
  )

  const asksService = ({ headers, url }: IncomingMessage) =>
    targets.isService(headers.host) || url?.startsWith('/v1/') === true
  const server = plane.createServer()
  server.on('request', (request, response) => {
    if (asksService(request)) return plane.handle(request, response, personOf)
    if (rpc.request(request, response)) return
    if (request.url === metricsPath)
      return void response.setHeader('content-type', metricsType).end(gatewayMetrics({ table, traffic, pools }))
    plane.handle(request, response, personOf)
  })
  server.on('checkContinue', (request, response) => plane.handle(request, response, personOf))
  server.on('upgrade', (request, socket, head) => {
    if (asksService(request)) return plane.upgrade(request, socket as Socket, head, personOf)
    if (!rpc.upgrade(request, socket, head)) socket.destroy()
  })
  return server
}

const actor = z.object({
  personId: z.string(),
  email: z.string().nullable(),
  machine: z.string().optional(),
  teamIds: z.array(z.string()),
})

/** Who the web process says acts; only its socket can say so. */
const personOf: WhoActs = (request) => {
  const said = request.headers[rpcHeader.actor]
  if (typeof said !== 'string') return undefined
  try {
    return {
      kind: 'person',
      token: undefined,
      machine: undefined,
      ...actor.parse(JSON.parse(said.startsWith('{') ? said : decodeURIComponent(said))),
    }
  } catch (cause) {
    throw new PlatformError('bad_request', `the header ${rpcHeader.actor} is not a person`, {}, { cause })
  }
}
