import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import { eq, isNull } from 'drizzle-orm'
import { connectionFromEnvironment, openDb } from '#db/open.ts'
import { audit as auditTable, sessions } from '#db/schema.ts'
import { freePort, startProcess } from '#e2e/platform/processes.ts'
import { testHome } from '#e2e/platform/test-home.ts'
import { createWeb } from '../create-web.ts'
import { createFront } from '../http/front.ts'
import { createUpgrades } from '../http/upgrades.ts'
import { createLaptops } from '../laptops/laptops.ts'
import { createLive } from '../live/socket.ts'
import { appRouter } from '../router.ts'
import { readSettings, withPort } from '../settings.ts'
import { createCaller } from '../trpc.ts'
import { actorOf } from '../people/changes.ts'
import { byToken } from '../people/viewer.ts'
import type { Viewer } from '../web.ts'
import { Browser } from './browser.ts'

const caller = createCaller(appRouter)

/**
 * Web with a real runtime, gateway and database; of Next only the place where its pages would be.
 * @param options.settings more of its environment, given the console's address
 */
export async function startStand(
  options: { url?: string; level?: string; log?: pino.Logger; settings?: (url: string) => Record<string, string> } = {},
) {
  const { url, level = 'error', log = pino({ level: 'silent' }) } = options
  await using cleanup = new AsyncDisposableStack()
  const database = cleanup.use(await temporaryDatabase())
  const folder = await mkdtemp(join(tmpdir(), 'm3o-web-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const home = await testHome(join(folder, 'home'))
  const gatewayPort = await freePort()
  const env: NodeJS.ProcessEnv = {
    ...database.environment,
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    M3O_HOME: home.path,
    M3O_HOST: '127.0.0.1',
    M3O_PORT: '0',
    M3O_GATEWAY_PORT: String(gatewayPort),
    M3O_SAMPLES: '0',
    M3O_LOG_LEVEL: level,
    ...(url !== undefined && { M3O_URL: url }),
  }
  const setupCode = 'a-code-of-this-test'
  await writeFile(join(home.run, 'setup-code'), `${setupCode}\n`)
  // First: the runtime waits up to a second for it.
  const gateway = await startProcess('gateway', { ...env, M3O_PORT: '4000' }, join(home.run, 'gateway.sock'))
  cleanup.defer(() => gateway.stop())
  const runtime = await startProcess('runtime', env, join(home.run, 'runtime.sock'))
  cleanup.defer(() => runtime.stop())

  const server = createServer({ requestTimeout: 0 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const webEnv = { ...env, ...options.settings?.(`http://127.0.0.1:${port}`) }
  const settings = withPort(readSettings(webEnv), webEnv, port)
  const web = createWeb(settings, { env: webEnv, log })
  cleanup.defer(() => web.close())
  const laptops = createLaptops(web)
  const live = createLive(web, { teamChanged: laptops.recheck })
  const upgrades = createUpgrades(web, { live, laptops })
  server.on(
    'request',
    createFront(web, { isReady: () => true, pages: async (_request, response) => void response.end('a page') }),
  )
  server.on('upgrade', (...given) => upgrades.route(...given))
  cleanup.defer(async () => {
    server.close()
    laptops.close()
    await live.close()
    upgrades.destroyAll()
    server.closeAllConnections()
  })

  const kept = cleanup.move()
  return {
    web,
    live,
    settings,
    setupCode,
    home,
    gatewayPort,
    runtime,
    gateway,
    database: database.options,
    browser: () => new Browser(settings.url),
    /** As if this session's person had not been there for a long time. */
    async forgetConfirmed(sessionId: string): Promise<void> {
      await using database = openDb(connectionFromEnvironment(env), 1)
      await database.db.update(sessions).set({ confirmedAt: null }).where(eq(sessions.id, sessionId))
    },
    /** As if web was killed when it had just ended this session. */
    async endUnsaid(sessionId: string): Promise<void> {
      await using database = openDb(connectionFromEnvironment(env), 1)
      await database.db.update(sessions).set({ endedAt: Date.now() }).where(eq(sessions.id, sessionId))
    },
    /** What the audit has of the platform and its people, which is no team's. */
    async audit(): Promise<
      { action: string; target: string; actor: { id: string }; before: unknown; after: unknown }[]
    > {
      await using database = openDb(connectionFromEnvironment(env), 1)
      return await database.db.select().from(auditTable).where(isNull(auditTable.teamId)).orderBy(auditTable.seq)
    },
    /** Procedures as somebody, without HTTP. */
    as: (viewer: Viewer | undefined) => caller({ web, viewer, from: 'test', userAgent: 'test', signal: undefined }),
    withToken: async (token: string) =>
      caller({ web, viewer: await byToken(web, token, 'test'), from: 'test', userAgent: 'test', signal: undefined }),
    async viewerOf(person: { id: string; name: string; email: string }): Promise<Viewer> {
      const id = await web.sessions.begin(person.id, { userAgent: 'test', address: 'test' })
      const open = await web.sessions.open(id)
      if (open === undefined) throw new Error('the session did not open')
      return {
        person: open.person,
        operator: open.operator,
        token: undefined,
        session: { id, expiresAt: open.expiresAt },
        actor: { ...actorOf(open.person), sessionId: id },
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

export type Stand = Awaited<ReturnType<typeof startStand>>

/** Polls until it is true; the test's own time-out ends it. */
export async function eventually(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20))
}
