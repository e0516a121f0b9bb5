import { PlatformError } from '#contract/errors.ts'
import type { Service } from './routes/entities.ts'
import type { RouteTable } from './routes/route-table.ts'

const patienceMs = 30_000
const mostWaiting = 1_000

/** Calls of services that are changing hands, until they have. */
export class Moves {
  private readonly table: RouteTable
  private waiting = 0

  constructor(table: RouteTable) {
    this.table = table
  }

  /** @throws PlatformError `unavailable` when it takes too long, or too many wait */
  async over({ id, name }: Service): Promise<void> {
    const late = () =>
      new PlatformError('unavailable', `${name} is being transferred to another team`, {
        fix: 'Try again in a moment.',
      })
    if (this.waiting >= mostWaiting) throw late()
    this.waiting++
    try {
      await new Promise<void>((resolve, reject) => {
        const done = (end: () => void) => {
          clearTimeout(timer)
          stop()
          end()
        }
        const timer = setTimeout(() => done(() => reject(late())), patienceMs)
        const stop = this.table.onChange(() => {
          if (this.table.get('services', id)?.moving !== true) done(resolve)
        })
      })
    } finally {
      this.waiting--
    }
  }
}
