import { z } from 'zod'
import { consolePath } from '#contract/console-paths.ts'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { authorize, signedIn } from '../authorize.ts'
import { validName } from '../names.ts'
import type { Viewer, Web } from '../web.ts'
import { sendJson } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { readQuery } from './query.ts'

const flag = z
  .enum(['0', '1', 'true', 'false'])
  .default('0')
  .transform((value) => value === '1' || value === 'true')
const deploy = z.object({
  team: z.string(),
  environment: z.string(),
  service: z.string(),
  message: z.string().max(10_000).optional(),
  /** Commit that the folder was made from; a folder that does not know replaces. */
  base: z.string().optional(),
  /** Commit whose history comes along; it was pushed to `refs/m3o/incoming/{commit}` before. */
  tip: z.string().optional(),
  force: flag,
  /** For pipelines: the answer comes when the deployment has ended, 200 when it is live. */
  wait: flag,
})
const file = z.object({
  team: z.string(),
  environment: z.string(),
  service: z.string(),
  path: z.string().min(1).max(4096),
  /** Hash of what it replaces; absent for a new file. */
  expected: z.string().optional(),
})

/** `POST /api/upload/deploy` (a tar, gzip or not) and `PUT /api/upload/file` (into one's own draft); bodies are streamed on. */
export async function serveUpload(exchange: Exchange): Promise<void> {
  const { request, response, url } = exchange
  if (url.pathname === '/api/upload/deploy' && request.method === 'POST') {
    const { status, body } = await uploadDeployment(exchange)
    return sendJson(response, status, body)
  }
  if (url.pathname === '/api/upload/file' && request.method === 'PUT')
    return sendJson(response, 200, await uploadFile(exchange))
  if (url.pathname === '/api/upload/deploy' || url.pathname === '/api/upload/file')
    throw new PlatformError('method_not_allowed', `${request.method} is not supported here`)
  throw new PlatformError('not_found', 'this address does not exist')
}

async function uploadDeployment({
  web,
  request,
  response,
  url,
  from,
  viewer,
}: Exchange): Promise<{ status: number; body: object }> {
  const who = signedIn(await viewer())
  const input = readQuery(url, deploy)
  const { teamId, team, environmentId, environment, service } = await placeToDeploy(web, who, input)
  const actor = { ...who.actor, from }
  const sent = await web.runtime.upload(
    'deployments.upload',
    {
      teamId,
      environmentId,
      service,
      userId: who.person.id,
      base: input.base ?? null,
      force: input.force,
      ...(input.message !== undefined && { message: input.message }),
      ...(input.tip !== undefined && { tip: input.tip }),
    },
    request,
    { actor },
  )
  if (!input.wait) return { status: 200, body: sent }
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const { deploymentId } = sent
  for await (const { state, revision, endedAt, error } of web.runtime.stream(
    'deployments.follow',
    { deploymentId },
    { actor, signal: gone.signal },
  )) {
    if (endedAt === null && state !== 'live') continue
    const shown = `${web.settings.url}${consolePath.deployment({ team, environment, service, deployment: deploymentId })}`
    return {
      status: state === 'live' ? 200 : 422,
      body: {
        outcome: state,
        service,
        environment,
        revision,
        deployment: deploymentId,
        url: shown,
        ...(error !== null && { error }),
      },
    }
  }
  throw new PlatformError('unavailable', 'the outcome of the deployment is unknown', {
    fix: `Check it: m3o status ${service}`,
  })
}

/** Deploying what is not there yet creates it, which is an action of its own. */
async function placeToDeploy(web: Web, who: Viewer, names: { team: string; environment: string; service: string }) {
  try {
    return await authorize(web, who, 'service.deploy', names, { also: ['source.write'] })
  } catch (error) {
    if (!isPlatformError(error) || error.code !== 'not_found' || error.data?.kind !== 'service') throw error
    const { team, environment } = names
    const service = validName('service', names.service)
    await authorize(web, who, 'service.create', { team, environment })
    return { ...(await authorize(web, who, 'service.deploy', { team, environment })), service }
  }
}

async function uploadFile({ web, request, url, from, viewer }: Exchange) {
  const who = signedIn(await viewer())
  const { path, expected, ...names } = readQuery(url, file)
  const { serviceId, environmentId } = await authorize(web, who, 'source.write', names)
  return web.runtime.upload(
    'source.upload',
    { serviceId, environmentId, userId: who.person.id, path, expected: expected ?? null },
    request,
    {
      actor: { ...who.actor, from },
    },
  )
}
