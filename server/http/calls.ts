import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { answerOf } from '#contract/headers.ts'
import { authorize, signedIn } from '../authorize.ts'
import { callFailure, openCall } from '../calls/call-service.ts'
import { declaredBytes, readBody } from './body.ts'
import { attachment } from './files.ts'
import type { Exchange } from './exchange.ts'
import { readQuery } from './query.ts'
import { inertPolicy } from './security.ts'
import { shareOf, takeBodyTurn } from './turns.ts'

const asked = z.object({
  team: z.string(),
  environment: z.string(),
  service: z.string().max(64),
  path: z
    .string()
    .max(8_192)
    .regex(/^\/[^\s]*$/, 'a path begins with / and has no spaces'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('POST'),
})
const bodyLimits = { bytes: 16 << 20, withinMs: 120_000 }
/** Until the answer begins; a stream may take as long as it takes. */
const timeoutMs = 60_000

/**
 * `POST /api/calls`: a call whose answer is passed on as it comes. What the service said of it is in headers of our own:
 * nothing that a service answers is a page of the console.
 */
export async function serveCall({ web, request, response, url, from, viewer, turns }: Exchange): Promise<void> {
  if (request.method !== 'POST') throw new PlatformError('method_not_allowed', 'calls are made with POST')
  const who = signedIn(await viewer())
  const { service, path, method, ...names } = readQuery(url, asked)
  const at = await authorize(web, who, 'service.call', names, { listing: true })
  const declared = declaredBytes(request)
  if (declared !== Infinity && declared > bodyLimits.bytes) throw tooLarge()
  if (!(await takeBodyTurn(turns, response, { share: shareOf(who, from), bytes: declared }))) return
  const body = await readBody(request, bodyLimits).catch((error: unknown) => {
    throw isPlatformError(error) && error.code === 'too_large' ? tooLarge() : error
  })
  const gone = new AbortController()
  let late = false
  response.once('close', () => gone.abort())
  const timer = setTimeout(() => {
    late = true
    gone.abort()
  }, timeoutMs)
  const type = request.headers['content-type']
  const answer = await openCall(web, who, {
    at,
    service,
    path,
    method,
    headers: type === undefined ? [] : [['content-type', type]],
    body: body.length === 0 ? null : body,
    from,
    signal: gone.signal,
  })
    .catch((cause: unknown) => {
      throw callFailure({ service, timeoutMs }, cause, { late, gone: gone.signal.aborted })
    })
    .finally(() => clearTimeout(timer))
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': attachment('answer'),
    'content-security-policy': inertPolicy,
    'cache-control': 'no-store',
    [answerOf.status]: String(answer.statusCode),
    [answerOf.type]: answer.headers['content-type'] ?? '',
  })
  response.flushHeaders()
  await pipeline(answer, response).catch(() => response.destroy())
}

const tooLarge = () =>
  new PlatformError('too_large', `the body of a call is limited to ${bodyLimits.bytes >> 20} MiB here`, {
    fix: 'Call the service at its own address.',
  })
