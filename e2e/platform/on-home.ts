import { join } from 'node:path'
import { prepareDatabase } from '#cli/server/database/run-prepare.ts'
import { prepareHome } from '#cli/server/home.ts'
import { type Identity, isGone, signalTo } from '#cli/server/identity.ts'
import { startPostgres } from '#cli/server/postgres/start.ts'
import { newId } from '#contract/ids.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { runtimeApi } from '#contract/runtime-api.ts'
import { openDb } from '#db/open.ts'
import { users } from '#db/schema.ts'
import { actsOf, type Actor } from './acts.ts'
import { type PlatformProcess, startProcess } from './processes.ts'

/** Who acts on a home, told once it was founded: it stays the same person after any start. */
export type Inhabitant = Omit<Actor, 'rpc' | 'gatewayPort'>

/** Postgres, runtime and gateway on a home that the caller keeps, as the parent starts them; what is there already goes on. */
export async function startOnHome(path: string, { gatewayPort, settings = {} }: { gatewayPort: number; settings?: Record<string, string> }) {
  const home = prepareHome(path)
  const { identity } = await startPostgres(home)
  const database = { M3O_DATABASE_SOCKET: join(home.path, 'pg') }
  const started: PlatformProcess[] = []
  try {
    await prepareDatabase(database)
    const env: NodeJS.ProcessEnv = {
      ...database, PATH: process.env.PATH, NODE_ENV: 'production', M3O_HOME: home.path, M3O_HOST: '127.0.0.1', M3O_PORT: '4000',
      M3O_GATEWAY_PORT: String(gatewayPort), M3O_SAMPLES: '0', M3O_LOG_LEVEL: 'warn', ...settings,
    }
    const gateway = await startProcess('gateway', env, join(home.run, 'gateway.sock'))
    started.push(gateway)
    const runtime = await startProcess('runtime', env, join(home.run, 'runtime.sock'))
    started.push(runtime)
    const rpc = createRpcClient(runtimeApi, join(home.run, 'runtime.sock'))
    const db = openDb({ socketDir: join(home.path, 'pg'), database: 'm3o', user: 'm3o' }, 2)
    return {
      home, rpc, gateway, runtime, postgres: identity, gatewayPort, sql: db.sql,
      acts: (as: Inhabitant) => actsOf({ ...as, rpc, gatewayPort }),
      /** The first person and their team. */
      async found(): Promise<Inhabitant> {
        const userId = newId('user')
        await db.db.insert(users).values({ id: userId, email: 'ann@example.com', name: 'Ann', createdAt: Date.now() })
        const team = await rpc.call('teams.create', { name: 'crew', ownerId: userId })
        const [root] = await rpc.call('environments.list', { teamId: team.id })
        const made = await rpc.call('tokens.create', { teamId: team.id, userId, name: 'test', scope: {}, environmentId: null, expiresAt: null })
        return { userId, teamId: team.id, production: root?.id ?? '', token: made.secret }
      },
      /** In order, services too. */
      async stop(): Promise<void> {
        await rpc.call('platform.shutdown', {}).catch(() => {})
        await this.letGo()
        await runtime.stop()
        await gateway.stop()
        await endPostgres(identity)
      },
      /** Everything of the platform at once, as when the machine stops; what services are is the caller's. */
      async kill(): Promise<void> {
        await Promise.all([runtime.kill(), gateway.kill()])
        signalTo(identity, 'SIGKILL')
        await this.letGo()
      },
      async letGo(): Promise<void> {
        rpc.close()
        await db.sql.end({ timeout: 1 }).catch(() => {})
      },
    }
  } catch (error) {
    await Promise.all(started.map((one) => one.kill()))
    await endPostgres(identity)
    throw error
  }
}

export type OnHome = Awaited<ReturnType<typeof startOnHome>>

async function endPostgres(identity: Identity): Promise<void> {
  signalTo(identity, 'SIGINT')
  if (!(await isGone(identity, 10_000))) signalTo(identity, 'SIGKILL')
}
