import type { IncomingMessage, ServerResponse } from 'node:http'
import { PlatformError } from '#contract/errors.ts'
import { metricsPath } from '#contract/metrics.ts'
import { consolePath } from '#contract/console-paths.ts'
import { standingOf } from '#contract/path-readings.ts'
import { serveSignIn } from '../auth/next-auth.ts'
import { byCredential } from '../people/viewer.ts'
import type { Viewer, Web } from '../web.ts'
import { addressOf, isConsoleHost, isForged, isRead } from './address.ts'
import { bodyOfFailure, sendError, sendJson } from './answer.ts'
import { endStalled } from './body.ts'
import { serveCall } from './calls.ts'
import { credentialOf } from './credential.ts'
import type { Exchange } from './exchange.ts'
import { serveFile } from './files.ts'
import { serveGit } from './git.ts'
import { serveHandover } from './handover.ts'
import { serveLogs } from './logs.ts'
import { serveMetrics } from './metrics.ts'
import { serveProcedures } from './procedures.ts'
import { builtFiles, inertPolicy, setBuiltPolicy, setPagePolicy, setSecurityHeaders } from './security.ts'
import { createTurns, shareOfCookie, type Turns } from './turns.ts'
import { serveUpload } from './uploads.ts'

type Pages = (request: IncomingMessage, response: ServerResponse) => Promise<void>

interface To {
  pages: Pages
  isReady(): boolean
}

/** Bytes of path and query together. */
const mostUrl = 32 << 10

type Serve = (exchange: Exchange) => Promise<void>

/** By how the path begins; what none of these takes is a page. */
export const served: [begins: string, Serve][] = [
  [consolePath.trpc, serveProcedures],
  ['/api/auth', serveSignIn],
  ['/api/upload', serveUpload],
  ['/api/raw', serveFile],
  ['/api/logs', serveLogs],
  ['/api/calls', serveCall],
  ['/api', () => Promise.reject(new PlatformError('not_found', 'this address does not exist'))],
  ['/git', serveGit],
  ['/handover', serveHandover],
  [metricsPath, serveMetrics],
]

const platformSegments = new Set(
  [...served.map(([begins]) => begins), builtFiles, '/live'].map((begins) => begins.split('/')[1] as string),
)
/** Procedures and sign-in take their turns once they are read; deployments and pushes have theirs in the runtime (runtime/deployments/turns.ts). */
const heavy: ReadonlySet<Serve> = new Set([serveFile, serveLogs])

/** The listener of the one HTTP server. */
export function createFront(web: Web, to: To) {
  const turns = createTurns()
  return (request: IncomingMessage, response: ServerResponse): void => {
    serve(web, { ...to, turns }, { request, response }).catch((error: unknown) => {
      sendError(request, response, bodyOfFailure(web, error, `${request.method} ${pathOnly(request.url)}`))
    })
  }
}

async function serve(
  web: Web,
  { pages, isReady, turns }: To & { turns: Turns },
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const { settings } = web
  response.on('error', () => response.destroy())
  setSecurityHeaders(response, settings)
  if (request.url === '/health') return sendJson(response, isReady() ? 200 : 503, { ok: isReady() })
  if (request.url === undefined || !request.url.startsWith('/') || !URL.canParse(request.url, settings.url))
    throw new PlatformError('bad_request', 'invalid path')
  if (!isConsoleHost(request.headers.host, settings)) return sendElsewhere(web, request, response)
  if (request.url.length > mostUrl) throw new PlatformError('too_large', `the URL is longer than ${mostUrl >> 10} KiB`)
  const url = new URL(request.url, settings.url)
  // `//somewhere/x` is read as a host by URL and by browsers alike: it is no path of ours.
  if (url.origin !== settings.url || !isUtf8(url.pathname)) throw new PlatformError('bad_request', 'invalid path')
  // Otherwise a page could be had by another name, with the headers of another kind of answer.
  if (standingOf(request.url, platformSegments) === 'disguised')
    throw new PlatformError('bad_request', 'this path could be read as a path of the platform')
  const take = served.find(([begins]) => url.pathname === begins || url.pathname.startsWith(`${begins}/`))?.[1]
  const credential = credentialOf(request.headers, settings, { basic: take === serveGit })
  if (take === undefined) {
    // The console has no server actions: nothing is sent to a page.
    if (!isRead(request)) throw new PlatformError('method_not_allowed', 'pages are opened with GET')
    if (url.pathname.startsWith(builtFiles)) setBuiltPolicy(response)
    else setPagePolicy(request, response, settings.dev)
    return pages(request, response)
  }
  // None of these is a page; should a browser show one as such, nothing in it runs.
  response.setHeader('content-security-policy', inertPolicy)
  if (isForged(request, settings, credential))
    throw new PlatformError('forbidden', 'this request comes from a page of another origin')
  const from = addressOf(request, settings)
  let asked: Promise<Viewer | undefined> | undefined
  endStalled(request)
  if (heavy.has(take) && !(await turns.procedures.take(await shareOfCookie(web, credential, from), response))) return
  await take({
    web,
    request,
    response,
    url,
    from,
    credential,
    turns,
    viewer: () => (asked ??= byCredential(web, credential, from)),
  })
}

/** This is not the console's host: a service's, or somebody's who points a name of theirs at us. RFC 9110 §15.5.20. */
function sendElsewhere(web: Web, request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  sendJson(
    response,
    421,
    new PlatformError('not_found', 'the console has another host', { fix: `Open ${web.settings.url}.` }).toJSON(),
  )
}

const pathOnly = (url: string | undefined) => url?.split('?', 1)[0] ?? ''

/** Whether its percent-encoded bytes are UTF-8; Next fails at others. */
function isUtf8(pathname: string): boolean {
  try {
    decodeURIComponent(pathname)
    return true
  } catch {
    return false
  }
}
