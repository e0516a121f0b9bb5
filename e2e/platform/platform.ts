import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRpcClient } from '#contract/rpc-client.ts'
import { runtimeApi } from '#contract/runtime-api.ts'
import { newId } from '#contract/ids.ts'
import { openDb } from '#db/open.ts'
import { users } from '#db/schema.ts'
import { temporaryDatabase } from '../database/temporary-database.ts'
import { actsOf } from './acts.ts'
import { freePort, startProcess } from './processes.ts'
import { testHome } from './test-home.ts'

/** Answers `text`, from any path. */
export const answering = (text: string, more = ''): Record<string, string> => ({
  'index.js': `require('node:http').createServer((request, response) => response.end(${JSON.stringify(text)})).listen(process.env.PORT, process.env.HOST)\n${more}`,
})

/** A runtime and a gateway on a database of their own, with a team, and one person to act as. All is gone at the end. */
export async function startPlatform(settings: Record<string, string> = {}) {
  await using cleanup = new AsyncDisposableStack()
  const database = cleanup.use(await temporaryDatabase())
  const folder = await mkdtemp(join(tmpdir(), 'm3o-platform-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const home = await testHome(join(folder, 'home'))
  const gatewayPort = await freePort()
  const env: NodeJS.ProcessEnv = {
    ...database.environment,
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    M3O_HOME: home.path,
    M3O_HOST: '127.0.0.1',
    M3O_PORT: '4000',
    M3O_GATEWAY_PORT: String(gatewayPort),
    M3O_SAMPLES: '0',
    M3O_LOG_LEVEL: 'error',
    ...settings,
  }
  // First: the runtime waits up to a second for it.
  const gateway = await startProcess('gateway', env, join(home.run, 'gateway.sock'))
  cleanup.defer(() => gateway.stop())
  const runtime = await startProcess('runtime', env, join(home.run, 'runtime.sock'))
  cleanup.defer(() => runtime.stop())
  const rpc = createRpcClient(runtimeApi, join(home.run, 'runtime.sock'))
  cleanup.defer(async () => {
    await rpc.call('platform.shutdown', {}).catch(() => {})
    rpc.close()
  })

  const opened = cleanup.use(openDb(database.options, 2))
  const userId = newId('user')
  await opened.db.insert(users).values({ id: userId, email: 'ann@example.com', name: 'Ann', createdAt: Date.now() })
  const team = await rpc.call('teams.create', { name: 'crew', ownerId: userId })
  const { token, teamId, production } = await prepareTeam()
  const kept = cleanup.move()
  return {
    rpc,
    runtime,
    gateway,
    gatewayPort,
    home,
    userId,
    teamId,
    production,
    db: opened.db,
    database: database.options,
    token,
    ...actsOf({ rpc, gatewayPort, teamId, production, userId, token }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }

  async function prepareTeam() {
    const [root] = await rpc.call('environments.list', { teamId: team.id })
    const made = await rpc.call('tokens.create', {
      teamId: team.id,
      userId,
      name: 'test',
      scope: {},
      environmentId: null,
      expiresAt: null,
    })
    return { token: made.secret, teamId: team.id, production: root?.id ?? '' }
  }
}

export type TestPlatform = Awaited<ReturnType<typeof startPlatform>>
