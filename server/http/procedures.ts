import { Readable } from 'node:stream'
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http'
import { type JsonBounds, requireBounded } from '#contract/bounded-json.ts'
import { consolePath } from '#contract/console-paths.ts'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { outageOf } from '#contract/outage.ts'
import { type InputSize, inputBounds, largest, mostInBatch, mostQueryBytes } from '../input-sizes.ts'
import { appRouter } from '../router.ts'
import { type Context, type Meta, translate } from '../trpc.ts'
import type { Viewer } from '../web.ts'
import { declaredBytes, readBody } from './body.ts'
import type { Exchange } from './exchange.ts'
import { shareOf, takeBodyTurn } from './turns.ts'

const procedures = appRouter._def.procedures as unknown as Record<string, { _def: { meta?: Meta } }>

interface Prepared {
  who: Viewer | undefined
  body: Buffer
}

/** tRPC, served without Next. It gets a request only once that is read, within bounds, and its turn has come. */
export async function serveProcedures(exchange: Exchange): Promise<void> {
  const { web, request, response, url, from } = exchange
  response.setHeader('cache-control', 'no-store')
  const prepared = await prepare(exchange).catch((error: unknown) => {
    const known = isPlatformError(error) ? error : outageOf(error)
    if (known === undefined) throw error
    // What is left of a refused body is not worth reading.
    if (!request.complete) response.setHeader('connection', 'close')
    return translate(known)
  })
  if (prepared === undefined) return
  const failure = prepared instanceof Error ? prepared : undefined
  const { who, body } = prepared instanceof Error ? { who: undefined, body: Buffer.alloc(0) } : prepared
  const { method, headers, socket } = request
  await nodeHTTPRequestHandler({
    router: appRouter,
    path: url.pathname.slice(consolePath.trpc.length + 1),
    req: Object.assign(Readable.from(body.length === 0 ? [] : [body], { objectMode: false }), {
      method,
      url: request.url,
      headers,
      socket,
    }) as typeof request,
    res: response,
    maxBatchSize: mostInBatch,
    middleware: (_request, _response, next) => next(failure),
    createContext: ({ info }): Promise<Context> =>
      Promise.resolve({
        web,
        viewer: who,
        from,
        cookie: headers.cookie,
        userAgent: headers['user-agent'] ?? '',
        signal: info.signal,
      }),
  })
}

/** Undefined when the client has gone. A token that is no longer good is refused, whatever it asked for. */
async function prepare({ web, request, response, url, from, viewer, turns }: Exchange): Promise<Prepared | undefined> {
  const paths = pathsOf(url)
  if (paths.length > mostInBatch)
    throw new PlatformError('bad_request', `a request is limited to ${mostInBatch} procedures`, {
      fix: 'Send several requests.',
    })
  if (url.search.length > mostQueryBytes)
    throw new PlatformError('too_large', `the query string is longer than ${mostQueryBytes >> 10} KiB`, {
      fix: 'Send less data in one request.',
    })
  const who = await web.pulse.during(viewer)
  const bounds = inputBounds[who === undefined ? 'public' : largest(paths.map(sizeOf))]
  const share = shareOf(who, from)
  for (const name of ['input', 'connectionParams'])
    for (const given of url.searchParams.getAll(name)) requireBounded(Buffer.from(given), bounds)
  const body =
    request.method === 'GET' || request.method === 'HEAD'
      ? Buffer.alloc(0)
      : await bodyOf({ request, response, turns }, { share, bounds })
  if (body === undefined || !(await turns.procedures.take(share, response, paths.length))) return undefined
  return { who, body }
}

async function bodyOf(
  { request, response, turns }: Pick<Exchange, 'request' | 'response' | 'turns'>,
  { share, bounds }: { share: string; bounds: JsonBounds & { withinMs: number } },
): Promise<Buffer | undefined> {
  const declared = declaredBytes(request)
  // tRPC reads forms and byte streams as well, which no procedure of ours takes.
  const [type = ''] = (request.headers['content-type'] ?? '').toLowerCase().split(';', 1)
  if (declared > 0 && type.trim() !== 'application/json')
    throw new PlatformError('bad_request', 'the body must be JSON', { fix: 'Send Content-Type: application/json.' })
  if (declared !== Infinity && declared > bounds.bytes) return readBody(request, bounds)
  if (!(await takeBodyTurn(turns, response, { share, bytes: Math.min(declared, bounds.bytes) }))) return undefined
  const body = await readBody(request, bounds)
  requireBounded(body, bounds)
  return body
}

/** As tRPC reads them. */
function pathsOf(url: URL): string[] {
  const path = url.pathname.slice(consolePath.trpc.length + 1)
  if (url.searchParams.get('batch') !== '1') return [path]
  try {
    return decodeURIComponent(path).split(',')
  } catch {
    throw new PlatformError('bad_request', 'invalid path')
  }
}

const sizeOf = (path: string): InputSize =>
  Object.hasOwn(procedures, path) ? (procedures[path]?._def.meta?.size ?? 'usual') : 'public'
