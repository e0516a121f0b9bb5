import { createServer, type ServerResponse } from 'node:http'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { gatewayApi } from '#contract/gateway-api.ts'
import { metricsPath, metricsType } from '#contract/metrics.ts'
import { restWhenQuiet } from '#contract/rest.ts'
import { platformActor } from '#contract/rpc.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { createRpcServer } from '#contract/rpc-server.ts'
import { runtimeApi } from '#contract/runtime-api.ts'
import { socketAddress } from '#contract/unix-socket.ts'
import { openDb } from '#db/open.ts'
import { Pulse } from '#db/pulse.ts'
import { becomeSole } from '#db/sole.ts'
import { dropEnded } from './access/handed-over.ts'
import { takeUpPersonal } from './audit/personal.ts'
import { accessHandlers } from './api/access.ts'
import { deploymentHandlers } from './api/deployments.ts'
import { gitListener } from './api/git.ts'
import { laptopHandlers } from './api/laptops.ts'
import { languageHandlers, openLanguages } from './api/languages.ts'
import { lifeHandlers } from './api/life.ts'
import { logHandlers } from './api/logs.ts'
import { platformHandlers } from './api/platform.ts'
import { serviceHandlers } from './api/services.ts'
import { sharingHandlers } from './api/sharing.ts'
import { promotionHandlers } from './api/promotions.ts'
import { sourceHandlers } from './api/source.ts'
import { teamHandlers } from './api/teams.ts'
import { terminalHandlers } from './api/terminals.ts'
import { traceHandlers } from './api/traces.ts'
import { witness } from './audit/witness.ts'
import { openBuilds } from './builds/builds.ts'
import { Deployments } from './deployments/deployments.ts'
import { Pushes } from './deployments/pushed.ts'
import { noteStopped, OneAtATime, wasKilled } from './deployments/resumed.ts'
import { Egresses } from './egress/egress.ts'
import { Disk } from './disk/disk.ts'
import { ServiceOwners } from './disk/owners.ts'
import { Stock } from './disk/stock.ts'
import { readOperatorRegistry } from './engines/operator-registry.ts'
import { openProcessEngine } from './engines/process/process-engine.ts'
import { Life } from './environments/life.ts'
import { Previews } from './environments/preview.ts'
import { Events } from './events/events.ts'
import { examine } from './health/health.ts'
import { Places } from './instances/places.ts'
import { Laptops } from './laptops/laptops.ts'
import { openLogs } from './logs/logs.ts'
import { runtimeMetrics } from './metrics.ts'
import type { Platform } from './platform.ts'
import { Promotions } from './promotions/promotions.ts'
import { Routing } from './routing/routing.ts'
import { finishDeletions } from './services/services.ts'
import { readSettings } from './settings.ts'
import { openSource } from './source/source.ts'
import { deployOwedSamples, oweSamples } from './teams/samples.ts'
import { createTeam } from './teams/teams.ts'
import { announceDeployments } from './sharing/announce.ts'
import { Documents } from './sharing/documents.ts'
import { closeForRemoved } from './terminals/removed.ts'
import { Terminals } from './terminals/terminals.ts'
import { tidy } from './tidy.ts'
import { Traffic } from './traffic/traffic.ts'
import { finishRotation } from './variables/rotate.ts'
import { openSeal } from './variables/seal.ts'

/*
 * The runtime: makes the parts, takes over what an earlier run left alive, carries on what it left unfinished, and
 * answers on $M3O_HOME/run/runtime.sock. On SIGTERM it lets go; services live on.
 */

const log = pino({ name: 'runtime', level: process.env.M3O_LOG_LEVEL ?? 'info' })
const settings = readSettings(process.env)
const { home } = settings
const checkout = fileURLToPath(new URL('..', import.meta.url))

const teamLimits = {
  ...(settings.teamMemoryMiB !== undefined && { memoryMiB: settings.teamMemoryMiB }),
  ...(settings.teamProcesses !== undefined && { pids: settings.teamProcesses }),
}

const { db, sql } = openDb(settings.database)
const pulse = new Pulse(settings.database)
const sole = await becomeSole(settings.database, (error) => {
  log.fatal({ err: error }, 'the runtime ends')
  process.exit(1)
})

const events = new Events()
const gateway = createRpcClient(gatewayApi, join(home, 'run/gateway.sock'), 'gateway')
const routing = new Routing(db, gateway, log)
const seal = await openSeal(home)
const source = openSource({ home })
const egresses = new Egresses(settings.egress)
await egresses.load(db)
const registry = await readOperatorRegistry()
const [engine, logs] = await Promise.all([
  openProcessEngine({
    home,
    gatewayPort: settings.gatewayPort,
    checkout,
    permitted: registry.permitted,
    wayOf: egresses.wayOf,
    teamLimits,
  }),
  openLogs({ dir: join(home, 'logs/services'), warn: (message, details) => log.warn(details, message) }),
])
egresses.follow(
  () =>
    void engine
      .refreshWays()
      .catch((error: unknown) => log.error({ err: error }, 'ways out of teams could not be set')),
)
const builds = await openBuilds({ home, engine, registry, log, requireRoom: (teamId) => disk.requireRoom(teamId) })
const places = new Places({ settings, log, db, seal, events, engine, egresses, logs, builds, routing, gateway })
const owners = new ServiceOwners(db, routing)
const disk = new Disk({
  home,
  engine,
  log,
  teamMiB: settings.teamDiskMiB,
  park: (at, why) => places.park(at, why),
  stock: new Stock(home, owners),
  servicesOf: () => Object.entries(routing.table.services).map(([serviceId, { teamId }]) => ({ serviceId, teamId })),
})
const laptops = new Laptops({ db, log, logs, routing, events, settings, seal, gateway })
const platform: Platform = {
  settings,
  log,
  db,
  seal,
  events,
  engine,
  egresses,
  logs,
  source,
  builds,
  disk,
  routing,
  places,
  laptops,
}
const deployments = new Deployments(platform)
const promotions = new Promotions(platform, deployments)
const terminals = new Terminals(engine)
const traffic = new Traffic(platform, (claim) => gateway.call('traffic.saving', claim, { timeoutMs: 5_000 }))
const life = new Life({ ...platform, deployments })
const languages = openLanguages(platform)
const ending = new AbortController()
const stopWatchingAccess = closeForRemoved(platform, terminals)

await takeUpPersonal(db)
await finishRotation(platform)
await routing.load()
await traffic.load()
await languages.clear()
await laptops.recover()
await places.load()
void routing.follow((news) => {
  traffic.note(news)
  life.noteCalls(news.counts)
}, ending.signal)
const asked = Promise.withResolvers<void>()
const recovery = { killed: await wasKilled(home), suspects: new OneAtATime(), begin: asked.promise }
await deployments.recover(recovery)
await promotions.recover(recovery)
void finishDeletions(platform, deployments).catch((error: unknown) =>
  log.error({ err: error }, 'what was deleted could not be removed'),
)
await life.load()
new Documents(platform).follow(ending.signal)
announceDeployments(platform, ending.signal)
disk.follow()
await witness(db, home)
const timers = [
  setInterval(
    () => void witness(db, home).catch((error: unknown) => log.error({ err: error }, 'witnessing the audit failed')),
    5_000,
  ),
  setInterval(
    () => void places.sleepIdle().catch((error: unknown) => log.error({ err: error }, 'putting to sleep failed')),
    1_000,
  ),
  setInterval(
    () => void tidy(platform).catch((error: unknown) => log.error({ err: error }, 'tidying up failed')),
    3_600_000,
  ),
  setInterval(
    () =>
      void dropEnded(platform).catch((error: unknown) =>
        log.error({ err: error }, 'ended sessions could not be taken out'),
      ),
    10_000,
  ),
  setInterval(
    () => void traffic.save().catch((error: unknown) => log.error({ err: error }, 'saving usage failed')),
    60_000,
  ),
]

const health = () => examine({ ...platform, gateway })
const rpc = createRpcServer(
  runtimeApi,
  {
    ...accessHandlers(platform, gateway),
    ...platformHandlers(platform, { shutdown, health }),
    ...teamHandlers(platform, deployments, terminals),
    ...serviceHandlers(platform, traffic, deployments),
    ...sharingHandlers(platform, traffic),
    ...lifeHandlers(life),
    ...deploymentHandlers(platform, deployments),
    ...promotionHandlers(platform, deployments, promotions),
    ...sourceHandlers(platform),
    ...languageHandlers(languages),
    ...laptopHandlers(platform),
    ...logHandlers(platform),
    ...terminalHandlers(platform, terminals),
    ...traceHandlers(platform, gateway),
  },
  { log, during: (work) => pulse.during(work) },
)
const git = gitListener(platform, new Pushes(platform, deployments, new Previews({ ...platform, deployments }, life)))

const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
  if (rpc.request(request, response) || git(request, response)) return
  if (request.url === '/health') response.end('{"status":"ok"}', asked.resolve)
  else if (request.url === metricsPath) void sendMetrics(response)
  else response.writeHead(404).end()
})
server.on('upgrade', (request, socket, head) => {
  if (!rpc.upgrade(request, socket, head)) socket.destroy()
})
// Whoever hears from us that a deployment is live gets its answers from the gateway too, when that is there.
await routing.settled(1_000)
await listen()
// The parent asks at once; without one there is nobody to wait for.
setTimeout(asked.resolve, recovery.killed ? 2_000 : 0)
void firstTeam().catch((error: unknown) => log.error({ err: error }, 'the first team could not be made'))
log.info({ home, engine: engine.describe() }, 'the runtime is ready')
restWhenQuiet()

process.once('SIGTERM', () => void letGo().then(() => process.exit(0)))
process.once('SIGINT', () => void letGo().then(() => process.exit(0)))

async function sendMetrics(response: ServerResponse): Promise<void> {
  try {
    const text = await runtimeMetrics(platform, await health())
    response.setHeader('content-type', metricsType).end(text)
  } catch (error) {
    log.error({ err: error }, 'metrics could not be gathered')
    response.writeHead(500).end()
  }
}

async function listen(): Promise<void> {
  const path = join(home, 'run/runtime.sock')
  await mkdir(join(home, 'run'), { recursive: true, mode: 0o700 })
  await rm(path, { force: true })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketAddress(path), resolve))
  await chmod(path, 0o600)
}

/** On an empty installation: the team `demo` and its samples, owned by whoever sets the platform up. */
async function firstTeam(): Promise<void> {
  if (Object.keys(routing.table.teams).length === 0) {
    const team = await createTeam(platform, platformActor, { name: 'demo', ownerId: null })
    if (settings.samples) await oweSamples(platform, team.id)
  }
  await deployOwedSamples(platform, deployments)
}

/** Everything stops, services too; what should run is remembered and runs again after the next start. */
async function shutdown(): Promise<void> {
  await places.stopAll()
  await engine.destroyTeamNetworks()
}

async function letGo(): Promise<void> {
  ending.abort()
  stopWatchingAccess()
  for (const timer of timers) clearInterval(timer)
  egresses.close()
  disk.close()
  await laptops.close()
  server.close()
  server.closeAllConnections()
  await traffic.save().catch(() => {})
  await life.close().catch(() => {})
  await terminals.closeAll()
  await languages.close()
  await logs.close()
  await engine.close()
  void source.close() // open git operations are not waited for
  await pulse.close()
  await sole[Symbol.asyncDispose]()
  await sql.end({ timeout: 1 })
  await noteStopped(home)
}
