import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { prepareDatabase } from '#cli/server/database/run-prepare.ts'
import { prepareHome } from '#cli/server/home.ts'
import { postgresProgram } from '#cli/server/postgres/program.ts'
import { Supervised } from '#cli/server/supervised.ts'
import { newId } from '#contract/ids.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { runtimeApi } from '#contract/runtime-api.ts'
import { openDb } from '#db/open.ts'
import { actsOf, type Actor } from './acts.ts'
import { type PlatformProcess, startProcess } from './processes.ts'

/** Who acts on a home, told once it was founded: it stays the same person after any start. */
export type Inhabitant = Omit<Actor, 'rpc' | 'gatewayPort'>

/**
 * Postgres, runtime and gateway on a home that the caller keeps, as the parent starts them; what is there already goes on.
 * @param given.release checkout of another release, whose code it is then
 * @throws Error with what stands in the way of a start
 */
export async function startOnHome(
  path: string,
  { gatewayPort, settings = {}, release }: { gatewayPort: number; settings?: Record<string, string>; release?: string },
) {
  const home = prepareHome(path)
  // As the parent does, it is started again whenever it dies.
  const postgres = new Supervised(
    postgresProgram(home, () => {}),
    () => {},
  )
  await postgres.start()
  const database = { M3O_DATABASE_SOCKET: join(home.path, 'pg') }
  const started: PlatformProcess[] = []
  try {
    await (release === undefined
      ? prepareDatabase(database, home.path)
      : prepareBy(release, { ...database, M3O_HOME: home.path }))
    const env: NodeJS.ProcessEnv = {
      ...database,
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      M3O_HOME: home.path,
      M3O_HOST: '127.0.0.1',
      M3O_PORT: '4000',
      M3O_GATEWAY_PORT: String(gatewayPort),
      M3O_SAMPLES: '0',
      M3O_LOG_LEVEL: 'warn',
      ...settings,
    }
    const from = release === undefined ? {} : { cwd: release }
    const gateway = await startProcess('gateway', env, join(home.run, 'gateway.sock'), from)
    started.push(gateway)
    const runtime = await startProcess('runtime', env, join(home.run, 'runtime.sock'), from)
    started.push(runtime)
    const rpc = createRpcClient(runtimeApi, join(home.run, 'runtime.sock'))
    const db = openDb({ socketDir: join(home.path, 'pg'), database: 'm3o', user: 'm3o' }, 2)
    return {
      home,
      rpc,
      gateway,
      runtime,
      postgres,
      gatewayPort,
      sql: db.sql,
      acts: (as: Inhabitant) => actsOf({ ...as, rpc, gatewayPort }),
      /** The first person and their team. */
      async found(): Promise<Inhabitant> {
        const userId = newId('user')
        // In words that the database of every release understands.
        await db.sql`insert into users (id, email, name, created_at) values (${userId}, 'ann@example.com', 'Ann', now())`
        const team = await rpc.call('teams.create', { name: 'crew', ownerId: userId })
        const [root] = await rpc.call('environments.list', { teamId: team.id })
        const made = await rpc.call('tokens.create', {
          teamId: team.id,
          userId,
          name: 'test',
          scope: {},
          environmentId: null,
          expiresAt: null,
        })
        return { userId, teamId: team.id, production: root?.id ?? '', token: made.secret }
      },
      /** In order, services too. */
      async stop(): Promise<void> {
        await rpc.call('platform.shutdown', {}).catch(() => {})
        await this.letGo()
        await runtime.stop()
        await gateway.stop()
        await postgres.stop(10_000)
      },
      /** Everything of the platform at once, as when the machine stops; what services are is the caller's. */
      async kill(): Promise<void> {
        await Promise.all([runtime.kill(), gateway.kill()])
        // Where the disk is gone its pid file stays.
        await postgres.stop(0).catch(() => {})
        await this.letGo()
      },
      async letGo(): Promise<void> {
        rpc.close()
        await db.sql.end({ timeout: 1 }).catch(() => {})
      },
    }
  } catch (error) {
    await Promise.all(started.map((one) => one.kill()))
    await postgres.stop(10_000)
    throw error
  }
}

export type OnHome = Awaited<ReturnType<typeof startOnHome>>

/** As that release's own parent does. */
async function prepareBy(release: string, env: Record<string, string>): Promise<void> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'cli/server/database/prepare.ts'],
    { cwd: release, env: { PATH: process.env.PATH ?? '', ...env } as unknown as NodeJS.ProcessEnv },
  )
  const { problem } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { problem?: string }
  if (problem !== undefined) throw new Error(problem)
}
