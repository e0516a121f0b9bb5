import { request } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import tar from 'tar-stream'
import type { Deployment } from '#contract/records.ts'
import { platformActor } from '#contract/rpc.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { isUnderWay } from '#contract/states.ts'

export interface Actor {
  rpc: RpcClient<typeof runtimeApi>
  gatewayPort: number
  teamId: string
  production: string
  userId: string
  token: string
}

/** What a person does on a platform: uploads, deploys, calls. */
export function actsOf({ rpc, gatewayPort, teamId, production, userId, token }: Actor) {
  return { upload, deploy, settled, call }

  /** Uploads a folder's files; the deployment goes on by itself. */
  async function upload(service: string, files: Record<string, string>, environmentId = production, ofTeam = teamId) {
    const pack = tar.pack()
    for (const [name, text] of Object.entries(files)) pack.entry({ name }, text)
    pack.finalize()
    const archive = Buffer.concat(await Array.fromAsync(pack as AsyncIterable<Buffer>))
    return rpc.upload(
      'deployments.upload',
      { teamId: ofTeam, environmentId, service, userId, base: null },
      Readable.from([archive]),
      { actor: { ...platformActor, id: userId } },
    )
  }

  async function deploy(
    service: string,
    files: Record<string, string>,
    environmentId = production,
  ): Promise<Deployment> {
    return settled((await upload(service, files, environmentId)).deploymentId)
  }

  /** The deployment once it has ended, also when the runtime is killed meanwhile. */
  async function settled(deploymentId: string): Promise<Deployment> {
    for (const deadline = performance.now() + 60_000; ;) {
      const now = await rpc.call('deployments.get', { deploymentId }).catch(() => undefined)
      if (now && !isUnderWay(now.state)) return now
      if (performance.now() > deadline) throw new Error(`deployment ${deploymentId} is still ${now?.state}`)
      await delay(20)
    }
  }

  function call(
    service: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: string; servedBy: string }> {
    return new Promise((resolve, reject) => {
      request(
        {
          port: gatewayPort,
          path: `/v1/${service}/x`,
          agent: false,
          headers: { authorization: `Bearer ${token}`, ...headers },
        },
        (answer) => {
          let body = ''
          answer.on('data', (part: Buffer) => (body += part.toString()))
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, body, servedBy: String(answer.headers['m3o-served-by'] ?? '') }),
          )
          answer.on('error', reject)
        },
      )
        .on('error', reject)
        .end()
    })
  }
}
