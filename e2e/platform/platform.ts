import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import tar from 'tar-stream'
import { prepareHome } from '#cli/server/home.ts'
import { platformActor } from '#contract/rpc.ts'
import type { Deployment } from '#contract/records.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { runtimeApi } from '#contract/runtime-api.ts'
import { isUnderWay } from '#contract/states.ts'
import { newId } from '#contract/ids.ts'
import { openDb } from '#db/open.ts'
import { users } from '#db/schema.ts'
import { temporaryDatabase } from '../database/temporary-database.ts'
import { freePort, startProcess } from './processes.ts'

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
  const home = prepareHome(join(folder, 'home'))
  const gatewayPort = await freePort()
  const env: NodeJS.ProcessEnv = {
    ...database.environment, PATH: process.env.PATH, NODE_ENV: 'production', M3O_HOME: home.path, M3O_HOST: '127.0.0.1', M3O_PORT: '4000',
    M3O_GATEWAY_PORT: String(gatewayPort), M3O_SAMPLES: '0', M3O_LOG_LEVEL: 'error', ...settings,
  }
  const runtime = await startProcess('runtime', env, join(home.run, 'runtime.sock'))
  cleanup.defer(() => runtime.stop())
  const rpc = createRpcClient(runtimeApi, join(home.run, 'runtime.sock'))
  cleanup.defer(async () => {
    await rpc.call('platform.shutdown', {}).catch(() => {})
    rpc.close()
  })
  const gateway = await startProcess('gateway', env, join(home.run, 'gateway.sock'))
  cleanup.defer(() => gateway.stop())

  const opened = cleanup.use(openDb(database.options, 2))
  const userId = newId('user')
  await opened.db.insert(users).values({ id: userId, email: 'ann@example.com', name: 'Ann', createdAt: Date.now() })
  const team = await rpc.call('teams.create', { name: 'crew', ownerId: userId })
  const { token, teamId, production } = await prepareTeam()
  const kept = cleanup.move()
  return {
    rpc, runtime, gateway, gatewayPort, home, userId, teamId, production, db: opened.db, database: database.options, token, deploy, upload, call, settled,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }

  async function prepareTeam() {
    const [root] = await rpc.call('environments.list', { teamId: team.id })
    const made = await rpc.call('tokens.create', { teamId: team.id, userId, name: 'test', scope: {}, environmentId: null, expiresAt: null })
    return { token: made.secret, teamId: team.id, production: root?.id ?? '' }
  }

  /** Uploads a folder's files; the deployment goes on by itself. */
  async function upload(service: string, files: Record<string, string>, environmentId = production, ofTeam = teamId) {
    const pack = tar.pack()
    for (const [name, text] of Object.entries(files)) pack.entry({ name }, text)
    pack.finalize()
    const archive = Buffer.concat(await Array.fromAsync(pack as AsyncIterable<Buffer>))
    return rpc.upload('deployments.upload', { teamId: ofTeam, environmentId, service, userId, base: null }, Readable.from([archive]), { actor: { ...platformActor, id: userId } })
  }

  async function deploy(service: string, files: Record<string, string>, environmentId = production): Promise<Deployment> {
    return settled((await upload(service, files, environmentId)).deploymentId)
  }

  /** The deployment once it has ended, also when the runtime is killed meanwhile. */
  async function settled(deploymentId: string): Promise<Deployment> {
    for (const deadline = Date.now() + 60_000; ; ) {
      const now = await rpc.call('deployments.get', { deploymentId }).catch(() => undefined)
      if (now && !isUnderWay(now.state)) return now
      if (Date.now() > deadline) throw new Error(`deployment ${deploymentId} is still ${now?.state}`)
      await delay(20)
    }
  }

  function call(service: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string; servedBy: string }> {
    return new Promise((resolve, reject) => {
      request({ port: gatewayPort, path: `/v1/${service}/x`, agent: false, headers: { authorization: `Bearer ${token}`, ...headers } }, (answer) => {
        let body = ''
        answer.on('data', (part: Buffer) => (body += part.toString()))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body, servedBy: String(answer.headers['m3o-served-by'] ?? '') }))
        answer.on('error', reject)
      }).on('error', reject).end()
    })
  }
}

export type TestPlatform = Awaited<ReturnType<typeof startPlatform>>
