import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http'
import { consolePath } from '#contract/console-paths.ts'
import { appRouter } from '../router.ts'
import { isPlatformError } from '#contract/errors.ts'
import { outageOf } from '#contract/outage.ts'
import { type Context, translate } from '../trpc.ts'
import type { Exchange } from './exchange.ts'

const mostBytes = 16 << 20

/** tRPC, served without Next. */
export async function serveProcedures({ web, request, response, url, from, viewer }: Exchange): Promise<void> {
  response.setHeader('cache-control', 'no-store')
  await nodeHTTPRequestHandler({
    router: appRouter,
    path: url.pathname.slice(consolePath.trpc.length + 1),
    req: request,
    res: response,
    maxBodySize: mostBytes,
    async createContext({ info }): Promise<Context> {
      // A token that is no longer good is refused as procedures refuse, whatever it asked for.
      const who = await web.pulse.during(viewer).catch((error: unknown) => {
        const known = isPlatformError(error) ? error : outageOf(error)
        throw known === undefined ? error : translate(known)
      })
      return { web, viewer: who, from, cookie: request.headers.cookie, userAgent: request.headers['user-agent'] ?? '', signal: info.signal }
    },
  })
}
