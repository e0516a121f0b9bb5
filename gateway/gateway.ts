import { type FSWatcher, mkdirSync, statSync, watch } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { gatewayApi, type TrafficCount } from '#contract/gateway-api.ts'
import { laptopCalls, laptopFolder } from '#contract/laptop-sockets.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { listenOnSocket } from '#contract/unix-socket.ts'
import { Admission } from './admission.ts'
import { EnvironmentClaims } from './context/environment-claim.ts'
import { controlServer } from './control.ts'
import { DataPlane } from './data-plane.ts'
import { Handovers } from './identity/handover.ts'
import { HostCookies } from './identity/host-cookie.ts'
import { readOrMakeKey } from './key-file.ts'
import { KnownPassages } from './known-passages.ts'
import { Limits } from './limits.ts'
import { handOnWhoWaits, Listeners, shared } from './listeners.ts'
import { Moves } from './moves.ts'
import { OpenCalls } from './open-calls.ts'
import { Proxy } from './proxy/proxy.ts'
import { RouteTable } from './routes/route-table.ts'
import { TableFile } from './routes/table-file.ts'
import { Targets } from './routes/target.ts'
import type { GatewaySettings } from './settings.ts'
import { Traces } from './traces.ts'
import { Traffic } from './traffic.ts'
import { Pools } from './upstream/pools.ts'
import { type AskToWake, Waker } from './wake.ts'
import { CallServer } from './wire/call-server.ts'

/** For the calls under way to end: there is nobody to go on with them, or there is. */
const graceMs = { alone: 5000, succeeded: 30_000 }
/** With a successor there, a kept connection that was not used for so long is ended. */
const unusedMs = 5000

export interface Gateway {
  /** Of the data plane; another than the settings' when that is 0. */
  port: number
  /** Resolves when another has put its socket in the place of this one's: callers who come are for that one. */
  succeeded: Promise<void>
  /** Takes no new requests, lets those under way end for a while (less when it is told so), tells websockets, keeps the table. */
  close(withinMs?: number): Promise<void>
}

/** Starts the gateway: what it knew before is served before anybody tells it more. */
export async function startGateway(settings: GatewaySettings, askToWake: AskToWake, log: Logger): Promise<Gateway> {
  const run = join(settings.home, 'run')
  mkdirSync(run, { recursive: true, mode: 0o700 })
  const key = readOrMakeKey(join(settings.home, 'keys', 'gateway.key'))
  const table = new RouteTable()
  const file = new TableFile(join(run, 'routes.json'), table, log)
  await file.load()
  file.follow()

  const pools = new Pools(join(settings.home, laptopFolder))
  table.onChange(() => pools.keepOnly((id) => table.hasInstance(id)))
  const traffic = new Traffic()
  const traces = new Traces()
  const cookies = new HostCookies(key, settings.scheme)
  const handovers = new Handovers(cookies, table, settings.console)
  const targets = new Targets(settings.domain)
  const { scheme, console } = settings
  const admission = new Admission(table, {
    cookies,
    limits: new Limits(),
    claims: new EnvironmentClaims(key),
    deepestOf: (caller) => pools.find(table.calledAs(caller))?.answering.deepest ?? 0,
    judgeUnclaimed: (caller, service) => {
      const id = table.calledAs(caller)
      const isLost = pools.find(id)?.answering.hasLost(service.id) === true
      if (isLost) traffic.countLost(caller, service, { revision: table.releaseOf(id)?.revision ?? '', late: false })
      return isLost
    },
    judgeCarried: (caller, service, traceparent) => {
      const id = table.calledAs(caller)
      if (pools.find(id)?.answering.isLate(traceparent) !== true) return
      traffic.countLost(caller, service, { revision: table.releaseOf(id)?.revision ?? '', late: true })
    },
  })
  const open = new OpenCalls(admission)
  const proxy = new Proxy({
    table,
    pools,
    traffic,
    traces,
    open,
    cookies,
    scheme,
    console,
    waker: new Waker(table, askToWake),
    log: (error, service) => log.debug({ err: error, service }, 'a service did not respond'),
  })
  const plane = new DataPlane({
    targets,
    admission,
    handovers,
    proxy,
    traces,
    traffic,
    scheme,
    console,
    moves: new Moves(table),
    known: new KnownPassages(table),
    report: (error) => log.error({ err: error }, 'a request failed unexpectedly'),
  })

  table.onChange(() => open.changed())

  const outside = plane.createCallServer()
  // Whoever comes through it is nobody but by a key: what laptops send is theirs, not web's.
  const laptops = plane.createCallServer()
  const closing = new AbortController()
  const control = controlServer({
    table,
    pools,
    traffic,
    traces,
    handovers,
    targets,
    plane,
    log,
    closing: closing.signal,
  })
  const inside: Server[] = []
  handOnWhoWaits()
  await listen(outside, settings.port, settings.host)
  await listenOnSocket(laptops, join(settings.home, laptopCalls))
  const socket = join(run, 'gateway.sock')
  const inode = () => statSync(socket, { throwIfNoEntry: false })?.ino
  await listenOnSocket(control, socket)
  const own = inode()
  const isSucceeded = () => inode() !== undefined && inode() !== own
  const succeeded = Promise.withResolvers<void>()
  const watching = watchFolder(
    run,
    () => {
      if (isSucceeded()) succeeded.resolve()
    },
    (error) => log.warn({ err: error }, 'a successor would not be noticed'),
  )
  const listeners = new Listeners(
    table,
    () => {
      const server = plane.createCallServer()
      inside.push(server)
      server.once('close', () => inside.splice(inside.indexOf(server), 1))
      return server
    },
    log,
  )
  const { port } = outside.address() as AddressInfo
  log.info({ host: settings.host, port }, 'the gateway is ready')

  return {
    port,
    succeeded: succeeded.promise,
    async close(withinMs) {
      const servers = [outside, laptops, control, ...inside]
      watching?.close()
      // Callers who come anew come to the successor, when there is one.
      const hasSuccessor = isSucceeded()
      for (const server of servers) if (hasSuccessor && server instanceof CallServer) server.unusedMs = unusedMs
      const patienceMs = withinMs ?? (hasSuccessor ? graceMs.succeeded : graceMs.alone)
      listeners.close()
      closing.abort()
      const closed = Promise.all(
        servers.map(
          (server) =>
            new Promise<void>((resolve) => {
              if (!server.listening) return resolve()
              server.close(() => resolve())
              server.closeIdleConnections()
            }),
        ),
      )
      // A kept connection whose request has just ended would be asked again.
      const idle = setInterval(() => {
        for (const server of servers) server.closeIdleConnections()
      }, 50)
      const timer = setTimeout(() => {
        for (const server of servers) server.closeAllConnections()
      }, patienceMs)
      for (const pool of pools.all()) for (const socket of pool.sockets) socket.closeForRestart()
      await file.flush()
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, patienceMs + 500).unref())])
      clearTimeout(timer)
      clearInterval(idle)
      // Whoever watched has turned to the successor by now, when there is one: what was counted since goes there.
      const untold = traffic.untold()
      if (untold.length > 0) await handOver(socket, untold)
      pools.close()
    },
  }
}

/** What it looks out for is rare, and no reason not to serve where the system has no watch to spare. */
function watchFolder(path: string, onChange: () => void, onError: (error: unknown) => void): FSWatcher | undefined {
  try {
    return watch(path, { persistent: false }, onChange).on('error', onError)
  } catch (error) {
    onError(error)
    return undefined
  }
}

async function handOver(socketPath: string, counts: TrafficCount[]): Promise<void> {
  const successor = createRpcClient({ 'traffic.inherit': gatewayApi['traffic.inherit'] }, socketPath)
  await successor.call('traffic.inherit', { counts }, { timeoutMs: 1000 }).catch(() => {})
  successor.close()
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, backlog: 4096, ...shared }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
