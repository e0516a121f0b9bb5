import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import next from 'next'
import { type Bridge, provideBridge } from './bridge.ts'
import { addressOf } from './http/address.ts'
import { credentialOf } from './http/credential.ts'
import { pageTurns, shareOfCookie } from './http/turns.ts'
import { viewer } from './people/viewer.ts'
import { appRouter } from './router.ts'
import type { Web } from './web.ts'

const checkout = fileURLToPath(new URL('..', import.meta.url))

/** Next's pages, made by the build in `.next` or, with M3O_DEV=1, as they are edited. */
export async function preparePages(web: Web, { mark }: Pick<Bridge, 'mark'>) {
  const { settings } = web
  provideBridge({
    router: appRouter,
    mark,
    async context(headers) {
      return {
        web,
        viewer: await viewer(web, headers, 'page'),
        from: 'page',
        cookie: headers.cookie,
        userAgent: headers['user-agent'] ?? '',
        signal: undefined,
      }
    },
  })
  // Next takes over every upgrade of the server that it is given: it gets one that never listens.
  const never = createServer()
  const app = next({
    dev: settings.dev,
    dir: checkout,
    hostname: new URL(settings.url).hostname,
    port: settings.port,
    httpServer: never,
    quiet: !settings.dev,
  })
  await app.prepare()
  const handle = app.getRequestHandler()
  const turns = pageTurns()
  return {
    async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
      // What a page is made of lies ready.
      if (request.url?.startsWith('/_next/')) return handle(request, response)
      const share = await shareOfCookie(web, credentialOf(request.headers, settings), addressOf(request, settings))
      if (await turns.take(share, response)) await handle(request, response)
    },
    /** Hot reload's socket, in development. */
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer): boolean =>
      never.emit('upgrade', request, socket, head),
  }
}

export type PreparedPages = Awaited<ReturnType<typeof preparePages>>
