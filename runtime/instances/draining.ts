import { setTimeout as delay } from 'node:timers/promises'
import type { gatewayApi } from '#contract/gateway-api.ts'
import { outageOf } from '#contract/outage.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import type { Platform } from '../platform.ts'
import type { Instances, Running } from './instances.ts'

const callsMs = 30_000
const socketsMs = 60_000
export const stopMs = 5_000

interface Surroundings extends Pick<Platform, 'log'> {
  instances: Instances
  gateway: RpcClient<typeof gatewayApi>
  /** Kept ready, without calls, while a switch away from it is watched. */
  isKept: (one: Running) => boolean
}

/** How an instance ends that may be answering. */
export class Draining {
  readonly #around: Surroundings

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** No new calls; those under way may finish, then it ends, or is kept. */
  async retire(one: Running): Promise<void> {
    const { instances, isKept } = this.#around
    await this.begin(one)
    await this.wait(one, { callsMs, socketsMs })
    // A revert may have made it the serving one again.
    if (!isKept(one) && instances.get(one.id)?.state === 'draining') await instances.stop(one.id, stopMs)
  }

  /** Nobody waits for it, so that it waits for a database that is away. */
  async begin(one: Running): Promise<void> {
    const { instances, log } = this.#around
    for (;;) {
      try {
        return await instances.setState(one, 'draining')
      } catch (error) {
        if (outageOf(error) === undefined)
          return log.error({ err: error, instance: one.id }, 'that an instance drains could not be written down')
      }
      await delay(500)
      // A revert may have made it the serving one again.
      if (one.state !== 'draining') return
    }
  }

  /** Resolves when nothing is under way to it, or after the time. */
  async wait(one: Running, { callsMs, socketsMs }: { callsMs: number; socketsMs: number }): Promise<void> {
    await this.#around.gateway
      .call(
        'instances.drain',
        { instanceId: one.id, timeoutMs: callsMs, closeSocketsAfterMs: socketsMs },
        { timeoutMs: callsMs + socketsMs + 5_000 },
      )
      .catch(() => {}) // the gateway is away: then nothing is under way either
  }
}
