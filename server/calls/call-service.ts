import { type IncomingMessage, request as send } from 'node:http'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { header, isReservedName } from '#contract/headers.ts'
import { rpcHeader } from '#contract/rpc.ts'
import { socketAddress } from '#contract/unix-socket.ts'
import { type AtEnvironment, isInScope } from '../authorize.ts'
import type { Viewer, Web } from '../web.ts'

export interface CallRequest {
  at: AtEnvironment
  service: string
  path: string
  method: string
  headers: [string, string][]
  body: string | null
  binary: boolean
  timeoutMs: number
  from: string
  signal: AbortSignal | undefined
}

/** What a service answered. `body` is base64 when `binary`; `truncated` when it was longer than {@link mostBytes}. */
export interface CallAnswer {
  status: number
  statusText: string
  headers: [string, string][]
  body: string
  binary: boolean
  truncated: boolean
  bytes: number
  durationMs: number
  servedBy: string | null
  trace: string | null
}

const mostBytes = 5 << 20

/** Reserved names that somebody who makes a call may use all the same: they say nothing for the platform. */
const sayable = new Set(['baggage', 'content-type', 'cookie', 'traceparent', 'tracestate'])

/**
 * Sends a request through the gateway's own socket, in the name of the person and as a member of the team looked at.
 * @throws PlatformError `not_found`, `timeout`, `unavailable` (the gateway is away); whatever a service answers is an answer
 */
export async function callService(web: Web, viewer: Viewer, request: CallRequest): Promise<CallAnswer> {
  const started = performance.now()
  const limit = AbortSignal.timeout(request.timeoutMs)
  const signal = request.signal === undefined ? limit : AbortSignal.any([limit, request.signal])
  try {
    const answer = await openCall(web, viewer, { ...request, body: bytesOf(request), signal })
    const { bytes, truncated } = await readUpTo(answer, mostBytes)
    return {
      ...textOf(bytes, answer.headers['content-type']),
      ...headOf(answer),
      truncated,
      bytes: bytes.length,
      durationMs: Math.round((performance.now() - started) * 10) / 10,
    }
  } catch (cause) {
    throw callFailure(request, cause, { late: limit.aborted, gone: request.signal?.aborted === true })
  }
}

/** The same for an answer that is read as it comes, however long that takes. @throws what the connection to the gateway throws */
export async function openCall(
  web: Web,
  viewer: Viewer,
  request: Omit<CallRequest, 'timeoutMs' | 'body' | 'binary'> & { body: Buffer | null },
): Promise<IncomingMessage> {
  await requireReach(web, viewer, request)
  const { at, service, path, method, headers, signal } = request
  const own = headers.filter(([name]) => !isReservedName(name) || sayable.has(name.toLowerCase()))
  const body = request.body ?? undefined
  const hasType = own.some(([name]) => name.toLowerCase() === 'content-type')
  return new Promise<IncomingMessage>((resolve, reject) => {
    const sent = send({
      socketPath: socketAddress(web.settings.gatewaySocket),
      path: `/v1/${service}${path}`,
      method,
      agent: false,
      ...(signal && { signal }),
      headers: [
        'host',
        web.settings.domain,
        ...own.flat(),
        ...(body !== undefined && !hasType ? ['content-type', 'application/json'] : []),
        ...(body !== undefined
          ? ['content-length', String(body.length)]
          : method === 'POST' || method === 'PUT' || method === 'PATCH'
            ? ['content-length', '0']
            : []),
        header.environment,
        at.environment,
        // Not the platform's form of an actor, but the gateway's: as a member of which teams this call is made.
        rpcHeader.actor,
        encodeURIComponent(JSON.stringify(callerOf(viewer, at.teamId))),
      ],
    })
    sent.once('response', resolve).once('error', reject).end(body)
  })
}

function callerOf({ person, token }: Viewer, teamId: string) {
  const { id, email, unconfirmed } = person
  const isMachine = id === token?.tokenId
  return {
    personId: id,
    email: isMachine || unconfirmed ? null : email,
    ...(isMachine && { machine: person.name }),
    teamIds: [teamId],
  }
}

/** Of a body that came as text, or in base64. */
export const bytesOf = ({ body, binary }: Pick<CallRequest, 'body' | 'binary'>): Buffer | null =>
  body === null ? null : Buffer.from(body, binary ? 'base64' : 'utf8')

export function callFailure(
  { service, timeoutMs }: Pick<CallRequest, 'service' | 'timeoutMs'>,
  cause: unknown,
  { late, gone }: { late: boolean; gone: boolean },
): PlatformError {
  if (isPlatformError(cause)) return cause
  if (late)
    return new PlatformError(
      'timeout',
      `${service} did not respond within ${timeoutMs} ms`,
      { fix: 'Check its logs, or raise the timeout.' },
      { cause },
    )
  if (gone) return new PlatformError('cancelled', 'the call was cancelled', {}, { cause })
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return new PlatformError(
      'unavailable',
      'the gateway does not respond',
      { fix: 'It is restarting. Try again in a moment.' },
      { cause },
    )
  return new PlatformError(
    'bad_gateway',
    `the response of ${service} was cut off`,
    { fix: 'Check its logs.' },
    { cause },
  )
}

/** A limited token calls only what its scope names; who else may call what, the gateway decides. */
async function requireReach(
  web: Web,
  viewer: Viewer,
  { at, service }: Pick<CallRequest, 'at' | 'service'>,
): Promise<void> {
  const [, team = at.team, name] = /^(?:@([a-z0-9-]+)\/)?([a-z0-9-]+)$/.exec(service) ?? []
  if (name === undefined)
    throw new PlatformError('bad_request', `invalid service name: ${service}`, { field: 'service' })
  if (!isInScope(viewer, { environmentId: at.environmentId }))
    throw new PlatformError('forbidden', 'this token does not cover this environment')
  if (viewer.token?.scope.services === undefined) return
  const { serviceId } = await web.runtime.call(
    'access.resolve',
    { userId: viewer.person.id, team, service: name },
    { actor: viewer.actor },
  )
  if (!isInScope(viewer, { serviceId })) throw new PlatformError('not_found', `service ${service} does not exist`)
}

async function readUpTo(answer: IncomingMessage, most: number): Promise<{ bytes: Buffer; truncated: boolean }> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of answer) {
    parts.push(part as Buffer)
    size += (part as Buffer).length
    if (size > most) return { bytes: Buffer.concat(parts).subarray(0, most), truncated: true }
  }
  return { bytes: Buffer.concat(parts), truncated: false }
}

export function headOf(answer: IncomingMessage) {
  const headers: [string, string][] = []
  for (let n = 0; n < answer.rawHeaders.length; n += 2)
    headers.push([answer.rawHeaders[n] ?? '', answer.rawHeaders[n + 1] ?? ''])
  return {
    status: answer.statusCode ?? 0,
    statusText: answer.statusMessage ?? '',
    headers,
    servedBy: single(answer.headers[header.servedBy]),
    trace: single(answer.headers[header.traceparent])?.split('-')[1] ?? null,
  }
}

const single = (value: string | string[] | undefined): string | null =>
  (Array.isArray(value) ? value[0] : value) ?? null

/** As text where it is UTF-8 (whatever it calls itself) without NUL bytes, which a cut in the middle of a character does not change. */
function textOf(bytes: Buffer, type: string | undefined): { body: string; binary: boolean } {
  const isText = !/^(image|audio|video|font)\/(?!svg)/.test(type ?? '') && !bytes.includes(0)
  if (!isText) return { body: bytes.toString('base64'), binary: true }
  try {
    return { body: new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true }), binary: false }
  } catch {
    return { body: bytes.toString('base64'), binary: true }
  }
}
