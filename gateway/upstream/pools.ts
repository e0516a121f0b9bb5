import { join } from 'node:path'
import type { Instance } from '../routes/entities.ts'
import { InstancePool } from './instance-pool.ts'

/** The pools of all instances, by id. */
export class Pools {
  private readonly pools = new Map<string, InstancePool>()
  private readonly sweeper: NodeJS.Timeout
  private readonly laptops: string

  /** @param laptops folder of the sockets on which laptops are reached */
  constructor(laptops: string) {
    this.laptops = laptops
    this.sweeper = setInterval(() => {
      const now = performance.now()
      for (const [id, pool] of this.pools) {
        pool.sweep(now)
        if (pool.retired && pool.load === 0) this.pools.delete(id)
      }
    }, 500)
    this.sweeper.unref()
  }

  all(): InstancePool[] {
    return [...this.pools.values()]
  }

  find(id: string): InstancePool | undefined {
    return this.pools.get(id)
  }

  of(instance: Instance): InstancePool {
    const known = this.pools.get(instance.id)
    if (known !== undefined && known.port === instance.port && known.address === instance.address) {
      // A revision that was given up may be what serves again.
      known.retired = false
      return known
    }
    known?.retire()
    const pool = new InstancePool(
      instance,
      instance.socket === undefined ? undefined : join(this.laptops, instance.socket),
    )
    this.pools.set(instance.id, pool)
    return pool
  }

  /** The least loaded one that was not tried. */
  choose(instances: readonly Instance[], tried: ReadonlySet<string> | undefined): InstancePool | undefined {
    if (instances.length === 1 && tried === undefined) return this.of(instances[0] as Instance)
    let best: InstancePool | undefined
    // Begins anywhere, so that equals take turns.
    const start = Math.floor(Math.random() * instances.length)
    for (let i = 0; i < instances.length; i++) {
      const instance = instances[(start + i) % instances.length] as Instance
      if (tried?.has(instance.id)) continue
      const pool = this.of(instance)
      if (best === undefined || pool.load < best.load) best = pool
    }
    return best
  }

  /** Lets go of the instances that the table no longer names. */
  keepOnly(known: (id: string) => boolean): void {
    for (const [id, pool] of this.pools) if (!known(id)) pool.retire()
  }

  close(): void {
    clearInterval(this.sweeper)
    for (const pool of this.pools.values()) pool.retire()
  }
}
