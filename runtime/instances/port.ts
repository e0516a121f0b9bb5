import { createServer } from 'node:net'
import { randomInt } from 'node:crypto'

const lowest = 20_000
const highest = 32_000 // below Linux's ephemeral ports (net.ipv4.ip_local_port_range)

/**
 * A port that no instance of the team was given. A team's network is its own, so that is enough there; on the
 * machine's network it is also tried. It can still be taken meanwhile: then the instance fails and is started anew.
 */
export async function freePort(taken: readonly number[], address: string): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest)
    if (!taken.includes(port) && (!address.startsWith('127.') || (await isFree(port, address)))) return port
  }
}

function isFree(port: number, host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen(port, host, () => server.close(() => resolve(true)))
  return promise
}
