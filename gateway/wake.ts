import { isPlatformError, PlatformError } from '#contract/errors.ts'
import type { Release } from './routes/entities.ts'
import type { RouteTable } from './routes/route-table.ts'

export const wakeMs = 10_000
const maxWaiting = 1000
const againMs = 500

/** Asks the runtime to start what sleeps; throws what the runtime says. */
export type AskToWake = (at: { environmentId: string; serviceId: string }) => Promise<unknown>

/** Calls that wait for a sleeping service: one asks for all. */
export class Waker {
  private readonly table: RouteTable
  private readonly ask: AskToWake
  private readonly asking = new Map<string, { waiting: number; failed: Promise<never> }>()

  constructor(table: RouteTable, ask: AskToWake) {
    this.table = table
    this.ask = ask
  }

  /** Resolves when the table's release is no longer asleep. */
  async wake(release: Release): Promise<void> {
    const key = `${release.environmentId}/${release.serviceId}`
    let asking = this.asking.get(key)
    if (asking === undefined) {
      asking = { waiting: 0, failed: this.askUntil(release, performance.now() + wakeMs) }
      asking.failed.catch(() => {})
      this.asking.set(key, asking)
    }
    if (asking.waiting >= maxWaiting)
      throw new PlatformError('unavailable', 'too many calls are waiting for this service to wake up')
    asking.waiting++
    try {
      await Promise.race([this.awake(key), asking.failed])
    } finally {
      asking.waiting--
      if (asking.waiting === 0 && this.asking.get(key) === asking) this.asking.delete(key)
    }
  }

  private async askUntil(release: Release, deadline: number): Promise<never> {
    const { environmentId, serviceId } = release
    for (;;) {
      const error = await this.ask({ environmentId, serviceId }).then(
        () => undefined,
        (why: unknown) => why,
      )
      if (error !== undefined && !isAway(error)) throw error
      const left = deadline - performance.now()
      if (left <= 0)
        throw new PlatformError('unavailable', 'this service takes too long to wake up', {
          fix: 'Try again in a moment.',
        })
      await new Promise((resolve) => setTimeout(resolve, error === undefined ? left : Math.min(againMs, left)))
    }
  }

  private awake(key: string): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        const release = this.table.get('releases', key)
        if (release?.state === 'asleep') return
        stop()
        resolve()
      }
      const stop = this.table.onChange(check)
      check()
      // Nobody is left to be told when all that waited have given up.
      this.asking.get(key)?.failed.catch(stop)
    })
  }
}

/** The runtime may be restarting; what it answers itself is final, and has no cause here. */
function isAway(error: unknown): boolean {
  return (
    isPlatformError(error) && (error.code === 'timeout' || (error.code === 'unavailable' && error.cause !== undefined))
  )
}
