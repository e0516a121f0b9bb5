import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ErrorBody, errorFromBody, errorStatus, isPlatformError, PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import { outageOf } from '#contract/outage.ts'
import type { Web } from '../web.ts'

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(text)
}

/** An error as every edge gives it. What is left of a refused body is not worth reading: the connection ends. */
export function sendError(request: IncomingMessage, response: ServerResponse, body: ErrorBody): void {
  sendJson(response, errorStatus[body.code], body, {
    ...(!request.complete && { connection: 'close' }),
    ...(body.code === 'rate_limited' && {
      'retry-after': String(Math.ceil(Number(body.data?.retryAfterMs ?? 1000) / 1000)),
    }),
  })
}

/** What people are told of a failure; the cause of an unexpected one goes to the log, with an id to find it by. */
export function bodyOfFailure(web: Pick<Web, 'log'>, error: unknown, doing: string): ErrorBody {
  if (isPlatformError(error)) return errorFromBody(error).toJSON()
  const outage = outageOf(error)
  if (outage !== undefined) {
    web.log.warn({ err: error, doing }, outage.message)
    return outage.toJSON()
  }
  const operation = newId('operation')
  web.log.error({ err: error, operation, doing }, 'a request failed unexpectedly')
  return new PlatformError('internal', `something went wrong inside the platform (${operation})`, {
    data: { operation },
  }).toJSON()
}
