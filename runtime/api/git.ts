import type { IncomingMessage, ServerResponse } from 'node:http'
import { and, eq, isNull } from 'drizzle-orm'
import { errorStatus, isPlatformError, PlatformError } from '#contract/errors.ts'
import { outageOf } from '#contract/outage.ts'
import { type Actor, rpcHeader } from '#contract/rpc.ts'
import { environments, services } from '#db/schema.ts'
import type { Pushes } from '../deployments/pushed.ts'
import { branchOf } from '../environments/environments.ts'
import { pusherOf } from '../people/person.ts'
import type { Platform } from '../platform.ts'
import { serviceOfGitPath } from './source.ts'

/**
 * `/git/{serviceId}/…` for web, which has authorized the actor and says what else they may: branches of environments that
 * are protected from the actor take no push. False when the path is none of ours.
 */
export function gitListener(platform: Platform, pushes: Pushes) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (!request.url?.startsWith('/git/')) return false
    void serve(request, response).catch((unknown: unknown) => {
      const error = isPlatformError(unknown) ? unknown : (outageOf(unknown) ?? unknown)
      if (!isPlatformError(error)) platform.log.error({ err: error }, 'git failed')
      if (response.headersSent) response.destroy()
      else
        response
          .writeHead(isPlatformError(error) ? errorStatus[error.code] : 500)
          .end(isPlatformError(error) ? error.message : 'something went wrong')
    })
    return true
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { serviceId, rest } = serviceOfGitPath(request.url ?? '')
    const [service] = await platform.db
      .select()
      .from(services)
      .where(and(eq(services.id, serviceId), isNull(services.deletedAt)))
    if (!service) throw new PlatformError('not_found', 'this repository does not exist')
    const actor = JSON.parse(decodeURIComponent(String(request.headers[rpcHeader.actor]))) as Actor
    const bound = await platform.db
      .select()
      .from(environments)
      .where(and(eq(environments.teamId, service.teamId), isNull(environments.deletedAt)))
    const refused = refusedByWeb(request)
    const refuse = bound.flatMap((environment) => {
      const why = refused.get(environment.id)
      return why === undefined ? [] : [{ ref: `refs/heads/${branchOf(environment)}`, why }]
    })
    const may = (what: string) => request.headers[`m3o-may-${what}`] === '1'
    const pusher = {
      actor,
      console: String(request.headers['m3o-console'] ?? ''),
      may: {
        deploy: may('deploy'),
        createEnvironment: may('create-environment'),
        deleteEnvironment: may('delete-environment'),
      },
    }
    const serving = (room?: number) =>
      platform.source.serveGit(request, response, {
        serviceId,
        path: rest,
        user: pusherOf(actor),
        mayWrite: may('write'),
        refuse,
        ...(room !== undefined && { room }),
        pushed: (refs) => pushes.taken(pusher, service, refs),
      })
    if (!rest.includes('git-receive-pack')) return void (await serving())
    const { teamId } = service
    if (may('write') && request.method === 'GET' && tellNoRoom(() => platform.disk.requireRoom(teamId), response))
      return
    await platform.disk.storing({ teamId, serviceId }, () => serving(platform.disk.roomOf(teamId)))
  }
}

/** As git's client shows it (gitprotocol-http(5), gitprotocol-pack(5)): of a response with another status it would show the number alone. */
function tellNoRoom(requireRoom: () => void, response: ServerResponse): boolean {
  try {
    requireRoom()
    return false
  } catch (error) {
    if (!isPlatformError(error)) throw error
    const lines = ['# service=git-receive-pack\n', '', `ERR ${error.message}. ${error.fix ?? ''}\n`]
    const body = lines
      .map((line) => (line === '' ? '0000' : `${(Buffer.byteLength(line) + 4).toString(16).padStart(4, '0')}${line}`))
      .join('')
    response
      .writeHead(200, { 'content-type': 'application/x-git-receive-pack-advertisement', 'cache-control': 'no-cache' })
      .end(body)
    return true
  }
}

/** By the environment's id, the reason. */
const refusedByWeb = (request: IncomingMessage): Map<string, string> => {
  const byReason = JSON.parse(decodeURIComponent(String(request.headers['m3o-protected'] ?? '{}'))) as Record<
    string,
    string[]
  >
  return new Map(Object.entries(byReason).flatMap(([why, ids]) => ids.map((id) => [id, why] as const)))
}
