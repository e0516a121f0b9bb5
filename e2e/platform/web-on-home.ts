import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import { createWeb } from '#server/create-web.ts'
import { createFront } from '#server/http/front.ts'
import { createUpgrades } from '#server/http/upgrades.ts'
import { createLaptops } from '#server/laptops/laptops.ts'
import { createLive } from '#server/live/socket.ts'
import { readSettings, withPort } from '#server/settings.ts'
import type { OnHome } from './on-home.ts'

/** The console's API on a platform, in this process; without its pages. */
export async function startWeb({ home, gatewayPort }: Pick<OnHome, 'home' | 'gatewayPort'>, { level = 'silent' } = {}) {
  const server = createServer({ requestTimeout: 0 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const env: NodeJS.ProcessEnv = {
    NODE_ENV: 'production',
    M3O_HOME: home.path,
    M3O_DATABASE_SOCKET: `${home.path}/pg`,
    M3O_HOST: '127.0.0.1',
    M3O_PORT: '0',
    M3O_GATEWAY_PORT: String(gatewayPort),
  }
  const web = createWeb(withPort(readSettings(env), env, port), { env, log: pino({ level }, pino.destination(2)) })
  const laptops = createLaptops(web)
  const live = createLive(web, { teamChanged: laptops.recheck })
  const upgrades = createUpgrades(web, { live, laptops })
  server.on(
    'request',
    createFront(web, { isReady: () => true, pages: async (_request, response) => void response.end('a page') }),
  )
  server.on('upgrade', (...given) => upgrades.route(...given))
  return {
    port,
    web,
    async [Symbol.asyncDispose](): Promise<void> {
      server.close()
      laptops.close()
      await live.close()
      upgrades.destroyAll()
      server.closeAllConnections()
      await web.close()
    },
  }
}
