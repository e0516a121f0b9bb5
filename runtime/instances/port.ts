import { createServer } from 'node:net'
import { randomInt } from 'node:crypto'
import { PlatformError } from '#contract/errors.ts'

const lowest = 20_000
const highest = 32_000 // below Linux's ephemeral ports (net.ipv4.ip_local_port_range)

const tries = 200

/**
 * A port that no instance of the team was given. A service's network is its own, so that is enough there; on the
 * machine's network it is also tried. It can still be taken meanwhile: then who answers there is not believed (check.ts).
 * @throws PlatformError `unavailable` when none is found
 */
export async function freePort(taken: readonly number[], address: string): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const port = randomInt(lowest, highest)
    if (!taken.includes(port) && (!address.startsWith('127.') || (await isFree(port, address)))) return port
  }
  throw new PlatformError('unavailable', 'no free port is left for the instance', {
    fix: `Stop processes that listen on the ports ${lowest} to ${highest} of this machine.`,
  })
}

function isFree(port: number, host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen(port, host, () => server.close(() => resolve(true)))
  return promise
}
