import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { STATUS_CODES } from '#contract/node-http.ts'
import type { CallRequest, CallResponse } from '../call.ts'
import { page } from './page.ts'

/** A browser that opens an address, as opposed to a program or a page's own requests. */
export function isNavigation(request: CallRequest): boolean {
  const { headers, method } = request
  if ((method !== 'GET' && method !== 'HEAD') || headers.upgrade !== undefined) return false
  const mode = headers['sec-fetch-mode']
  return (mode === undefined || mode === 'navigate') && headers.accept?.includes('text/html') === true
}

export interface RefusalOptions {
  traceparent: string | undefined
  console: string
  /** Seconds. */
  retryAfter?: number
}

/** An error of the gateway's own: `{id, code, detail, status}` as Micro's clients read it, a page for a browser. */
export function refuse(request: CallRequest, response: CallResponse, error: unknown, options: RefusalOptions): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const known = isPlatformError(error)
    ? error
    : new PlatformError('internal', 'something went wrong inside the gateway')
  const html = isNavigation(request)
  const text = html
    ? page(known, options.console)
    : JSON.stringify({ ...refusalBody(known), ...(known.fix !== undefined && { fix: known.fix }) })
  const headers: Record<string, string | number> = {
    'content-type': html ? 'text/html; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  if (html) headers['content-security-policy'] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
  if (known.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer realm="m3o"'
  const retryAfter = options.retryAfter ?? known.data?.['retryAfter']
  if (typeof retryAfter === 'number') headers['retry-after'] = retryAfter
  if (options.traceparent !== undefined) headers.traceparent = options.traceparent
  // A body that nobody will read must not hold the connection.
  if (!request.complete && mayHaveBody(request)) headers.connection = 'close'
  response.writeHead(known.status, headers)
  response.end(text)
}

function mayHaveBody({ headers }: CallRequest): boolean {
  return (
    headers['transfer-encoding'] !== undefined ||
    (headers['content-length'] ?? '0') !== '0' ||
    headers.upgrade !== undefined
  )
}

export function refusalBody(error: PlatformError) {
  const reason = error.data?.['reason']
  return {
    id: `m3o.${error.code}`,
    code: error.status,
    detail: error.message,
    status: STATUS_CODES[error.status] ?? 'Error',
    ...(typeof reason === 'string' && { reason }),
  }
}
