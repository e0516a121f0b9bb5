import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import pino from 'pino'
import { restWhenQuiet } from '#contract/rest.ts'
import { createWeb } from './create-web.ts'
import { limitConnections } from './http/connections.ts'
import { createFront } from './http/front.ts'
import { createLaptops } from './laptops/laptops.ts'
import { createLive } from './live/socket.ts'
import { createUpgrades } from './http/upgrades.ts'
import { preparePages } from './pages.ts'
import { readSettings, withPort } from './settings.ts'

/** The web process: one HTTP server for pages, procedures, the live socket, uploads and git. */
const log = pino({ name: 'web', level: process.env.M3O_LOG_LEVEL ?? 'info' })
process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled promise rejection'))
process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'web exits: uncaught exception')
  process.exit(1)
})

const startedAt = performance.now()
const given = readSettings(process.env)
const server = createServer({
  requestTimeout: 0,
  headersTimeout: 30_000,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 64 << 10,
})
limitConnections(server)
await new Promise<void>((resolve, reject) => {
  server.once('error', reject)
  server.listen(given.port, given.host, resolve)
})
// The port is known before anything is made that names it; what is asked until then waits.
const front = Promise.withResolvers<ReturnType<typeof createFront>>()
server.on('request', (request, response) => void front.promise.then((serve) => serve(request, response)))
// Without a listener from the start, one that asks for a socket meanwhile would be answered as if it asked for a page.
const routes = Promise.withResolvers<ReturnType<typeof createUpgrades>>()
server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
  socket.on('error', () => socket.destroy())
  void routes.promise.then((upgrades) => upgrades.route(request, socket, head))
})
const settings = withPort(given, process.env, (server.address() as AddressInfo).port)
const web = createWeb(settings, { env: process.env, log })
const laptops = createLaptops(web)
const live = createLive(web, { teamChanged: laptops.recheck })
const pages = await preparePages(web, live)
let ready = false
const upgrades = createUpgrades(web, { live, laptops, pages })
front.resolve(createFront(web, { pages: pages.serve, isReady: () => ready }))
routes.resolve(upgrades)
log.info({ url: settings.url, ms: Math.round(performance.now() - startedAt) }, 'web is ready')
let stopping = false
// Who waits for `/health` may sign in as that person at once.
if (settings.admin !== undefined)
  void setUpUnattended(settings.admin).then(() => {
    ready = true
  })
else ready = true
restWhenQuiet()
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, () => {
    if (stopping) return
    stopping = true
    void stop()
  })
}

async function stop(): Promise<void> {
  server.close()
  laptops.close()
  await Promise.race([live.close(), new Promise((resolve) => setTimeout(resolve, 500).unref())])
  upgrades.destroyAll()
  server.closeAllConnections()
  await web.close()
  process.exit(0)
}

/** The runtime may still be starting: it is asked until it answers. */
async function setUpUnattended(admin: { email: string; password: string }): Promise<void> {
  for (let wait = 100; !stopping; wait = Math.min(wait * 2, 2_000)) {
    try {
      if (await web.setup.unattended(admin.email, admin.password))
        log.info({ email: admin.email }, 'the first owner was created from the settings')
      return
    } catch (error) {
      log.info({ err: error }, 'the first owner cannot be created yet')
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }
}
