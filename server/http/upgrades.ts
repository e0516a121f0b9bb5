import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { isPlatformError } from '#contract/errors.ts'
import type { createLaptops } from '../laptops/laptops.ts'
import type { createLive } from '../live/socket.ts'
import type { PreparedPages } from '../pages.ts'
import type { Settings } from '../settings.ts'
import type { Web } from '../web.ts'
import { isConsoleHost, isSameOrigin } from './address.ts'
import { credentialOf } from './credential.ts'

interface To {
  live: Pick<ReturnType<typeof createLive>, 'upgrade'>
  laptops: Pick<ReturnType<typeof createLaptops>, 'upgrade'>
  pages?: Pick<PreparedPages, 'upgrade'>
}

/** Which socket goes where. Browsers send the cookie from any page to a websocket, so the Origin decides first. */
export function createUpgrades(web: Pick<Web, 'settings'>, { live, laptops, pages }: To) {
  const { settings } = web
  const open = new Set<Duplex>()
  return {
    route(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      socket.on('error', () => socket.destroy())
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      if (!isConsoleHost(request.headers.host, settings)) return refuse(socket, '421 Misdirected Request')
      if (!isSameOrigin(request, settings)) return refuse(socket, '403 Forbidden')
      const refusal = refusalOf(request, settings)
      if (refusal !== undefined) return refuse(socket, refusal)
      if (live.upgrade(request, socket, head) || laptops.upgrade(request, socket, head)) return
      if (settings.dev && pages !== undefined && request.url?.startsWith('/_next/'))
        return void pages.upgrade(request, socket, head)
      refuse(socket, '404 Not Found')
    },
    destroyAll(): void {
      for (const socket of open) socket.destroy()
    },
  }
}

/** Two identities, or a header that is none, are refused before anybody looks at either. */
function refusalOf(request: IncomingMessage, settings: Settings): string | undefined {
  try {
    credentialOf(request.headers, settings)
    return undefined
  } catch (error) {
    if (!isPlatformError(error)) throw error
    return `${error.status} ${STATUS_CODES[error.status]}`
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
