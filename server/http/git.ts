import { type IncomingHttpHeaders, request as send, type ServerResponse } from 'node:http'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { rpcHeader } from '#contract/rpc.ts'
import { type Action, mayDo } from '#contract/permissions.ts'
import { guardAgainst, guardedOf } from '#contract/protection.ts'
import { socketAddress } from '#contract/unix-socket.ts'
import { type AtTeam, authorize, isInScope, refusalOfProtected } from '../authorize.ts'
import { byToken } from '../people/viewer.ts'
import type { Viewer, Web } from '../web.ts'
import type { Exchange } from './exchange.ts'
import { inertPolicy } from './security.ts'

const shape =
  /^\/git\/([^/]+)\/([^/]+?)(?:\.git)?\/(HEAD|info\/refs|objects\/[\w./-]+|git-upload-pack|git-receive-pack)$/
const passedOn = [
  'content-type',
  'content-encoding',
  'content-length',
  'accept',
  'accept-encoding',
  'git-protocol',
  'user-agent',
] as const

/** git over HTTP with a token as the password; the runtime runs git itself. Bodies stream both ways, of any size. */
export async function serveGit({ web, request, response, url, from, credential }: Exchange): Promise<void> {
  const [, team, service, path] = shape.exec(url.pathname) ?? []
  if (team === undefined || service === undefined || path === undefined)
    throw new PlatformError('not_found', 'this address is not a repository')
  const who = credential.by === 'token' ? await good(byToken(web, credential.token, from)) : undefined
  if (who === undefined) {
    request.resume()
    return sendText(response, 401, 'Use any user name, and a token (`m3o token create`) as the password.', {
      'www-authenticate': 'Basic realm="M3O", charset="UTF-8"',
    })
  }
  try {
    const writes = path === 'git-receive-pack' || url.searchParams.get('service') === 'git-receive-pack'
    const at = await authorize(web, who, writes ? 'source.write' : 'source.read', { team, service }, { listing: true })
    if (!isInScope(who, { serviceId: at.serviceId }))
      throw new PlatformError('not_found', `service ${service} does not exist`)
    // A repository holds the source of all environments, and a push may deploy to any of them.
    if (who.token?.scope.environments !== undefined)
      throw new PlatformError(
        'forbidden',
        'this token is limited to some environments, but a repository belongs to all',
        {
          fix: 'Create a token without environments.',
        },
      )
    const may = (action: Action) =>
      mayDo(action, { signedIn: true, operator: who.operator, role: at.role, scope: who.token?.scope })
    const ofAllServices = who.token?.scope.services === undefined
    const headers: IncomingHttpHeaders = {
      ...Object.fromEntries(
        passedOn.flatMap((name) => (request.headers[name] === undefined ? [] : [[name, request.headers[name]]])),
      ),
      [rpcHeader.actor]: encodeURIComponent(JSON.stringify({ ...who.actor, from })),
      ...(may('source.write') && { 'm3o-may-write': '1' }),
      ...(may('service.deploy') && { 'm3o-may-deploy': '1' }),
      ...(writes && { 'm3o-protected': encodeURIComponent(JSON.stringify(await protectedFrom(web, who, at))) }),
      // An environment is of all services: a token for some of them makes and deletes none.
      ...(ofAllServices && may('environment.create') && { 'm3o-may-create-environment': '1' }),
      ...(ofAllServices && may('environment.delete') && { 'm3o-may-delete-environment': '1' }),
      // For the links that a push prints.
      'm3o-console': web.settings.url,
    }
    await proxy(`/git/${at.serviceId}/${path}${url.search}`, headers)
  } catch (error) {
    // git shows a plain text to its user, and asks for a password again when told 401.
    if (!isPlatformError(error) || response.headersSent) throw error
    request.resume()
    sendText(response, error.status, `${error.message}.${error.fix === undefined ? '' : ` ${error.fix}`}`)
  }

  function proxy(path: string, headers: IncomingHttpHeaders): Promise<void> {
    return new Promise((resolve, reject) => {
      const upstream = send({
        socketPath: socketAddress(web.settings.runtimeSocket),
        path,
        method: request.method,
        headers,
        agent: false,
      })
      upstream.on('error', (cause) => {
        if (response.headersSent) response.destroy()
        else
          reject(
            new PlatformError(
              'unavailable',
              'the runtime does not respond',
              { fix: 'Try again in a moment.' },
              { cause },
            ),
          )
      })
      upstream.on('response', (answer) => {
        const {
          connection: _connection,
          'transfer-encoding': _encoding,
          'keep-alive': _alive,
          ...kept
        } = answer.headers
        response.writeHead(answer.statusCode ?? 502, { ...kept, 'content-security-policy': inertPolicy })
        answer.pipe(response)
        answer.on('error', () => response.destroy())
        response.once('close', resolve)
      })
      response.once('close', () => upstream.destroy())
      request.pipe(upstream)
    })
  }
}

/** Ids of environments whose branches somebody may not push to, as a push is a deployment there, by the reason. */
async function protectedFrom(web: Web, who: Viewer, at: AtTeam): Promise<Record<string, string[]>> {
  const all = await web.runtime.call('environments.list', { teamId: at.teamId }, { actor: who.actor })
  const refused = await Promise.all(
    all.map(async (environment) => {
      const protection = guardedOf(environment)
      if (
        protection === null ||
        guardAgainst(protection, 'service.deploy', { personId: who.person.id, role: at.role }) === undefined
      )
        return []
      // A team has as many of these as people: they are told together.
      if (protection.own !== undefined)
        return [{ id: environment.id, why: 'it is a personal environment, and its owner has not given you access' }]
      const refusal = await refusalOfProtected(web, who, {
        at,
        action: 'service.deploy',
        environment: environment.name,
        protection,
      })
      return refusal === undefined ? [] : [{ id: environment.id, why: refusal.message }]
    }),
  )
  return Object.fromEntries(
    [...Map.groupBy(refused.flat(), ({ why }) => why)].map(([why, ones]) => [why, ones.map(({ id }) => id)]),
  )
}

/** Undefined for a token that is invalid: git asks for another. */
async function good(viewer: Promise<Viewer>): Promise<Viewer | undefined> {
  return viewer.catch((error: unknown) => {
    if (isPlatformError(error) && error.code === 'unauthenticated') return undefined
    throw error
  })
}

function sendText(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close', ...headers })
  response.end(`${text}\n`)
}
