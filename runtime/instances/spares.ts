import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { preloadsOf } from '../builds/preloads.ts'
import type { Placement } from '../engines/engine.ts'
import type { Platform } from '../platform.ts'
import { placeKey } from './place.ts'
import type { Plan } from './plan.ts'
import { outputOf, type Seat, specOf, takeSeat } from './spec.ts'

interface Spare {
  seat: Seat
  fits: string
  placement: Promise<Placement>
  expires: NodeJS.Timeout
}

type Parts = Pick<Platform, 'engine' | 'settings' | 'log'>
type At = { serviceId: string; environmentId: string }

/** Each takes the memory of a service that does nothing. */
const most = 3
const keptMs = 15 * 60_000

/**
 * Instances that are started ahead of the next deployment of a service that somebody works on: Node and the service's
 * packages are loaded, its own code is not there yet. What is deployed then begins at once. A spare that does not fit
 * (other packages, variables or limits) is dropped, and the deployment starts an instance as usual.
 */
export class Spares {
  readonly #parts: Parts
  /** Ports that the team's instances have. */
  readonly #portsOf: (teamId: string) => number[]
  /** The one that was asked for longest ago first. */
  readonly #spares = new Map<string, Spare>()

  constructor(parts: Parts, portsOf: (teamId: string) => number[]) {
    this.#parts = parts
    this.#portsOf = portsOf
  }

  /** Somebody works on it. Goes on in the background. */
  prepare(plan: Plan): void {
    if (plan.build.heldCommand === undefined) return
    const key = placeKey(plan)
    const there = this.#spares.get(key)
    if (there?.fits === fingerprint(plan)) {
      there.expires.refresh()
      this.#spares.delete(key)
      this.#spares.set(key, there)
      return
    }
    if (there) this.drop(plan)
    const oldest = [...this.#spares.keys()]
    for (const each of oldest.slice(0, Math.max(0, oldest.length - most + 1))) this.#dropKey(each)
    void this.#start(plan, key)
  }

  has(plan: Plan): boolean {
    return this.#spares.get(placeKey(plan))?.fits === fingerprint(plan)
  }

  /** It will be taken with this, or may be: the copying is done by then. Goes on in the background. */
  stage(plan: Plan): void {
    const spare = this.#spares.get(placeKey(plan))
    if (spare?.fits !== fingerprint(plan)) return
    const { sourceDir, buildDir } = plan.build
    void spare.placement.then(() => this.#parts.engine.stage(spare.seat.id, { sourceDir, ...(buildDir !== undefined && { buildDir }) })).catch(() => {}) // seen when it is taken
  }

  /** The one that fits, which is the caller's from now on. */
  async take(plan: Plan): Promise<{ seat: Seat; placement: Placement } | undefined> {
    const spare = this.#spares.get(placeKey(plan))
    if (!spare) return undefined
    if (spare.fits !== fingerprint(plan)) return void this.drop(plan)
    this.#forget(placeKey(plan), spare)
    return spare.placement.then((placement) => ({ seat: spare.seat, placement }), () => undefined)
  }

  drop(at: At): void {
    this.#dropKey(placeKey(at))
  }

  async dropAll(): Promise<void> {
    const all = [...this.#spares]
    for (const [key, spare] of all) this.#forget(key, spare)
    await Promise.all(all.map(([, spare]) => this.#remove(spare)))
  }

  /** The engine says that an instance has ended. True when it was one of these. */
  noteEnd(id: string): boolean {
    for (const [key, { seat }] of this.#spares) {
      if (seat.id !== id) continue
      this.#dropKey(key)
      return true
    }
    return false
  }

  async #start(plan: Plan, key: string): Promise<void> {
    const { engine, log } = this.#parts
    const started = Promise.withResolvers<Placement>()
    started.promise.catch(() => {})
    let seat: Seat | undefined
    try {
      const waiting = [...this.#spares.values()].map(({ seat: { port } }) => port)
      seat = await takeSeat(this.#parts, plan.teamId, [...this.#portsOf(plan.teamId), ...waiting])
      if (this.#spares.has(key)) return // asked for again meanwhile
      const expires = setTimeout(() => this.#dropKey(key), keptMs).unref()
      this.#spares.set(key, { seat, fits: fingerprint(plan), placement: started.promise, expires })
      const [spec, preload] = await Promise.all([specOf(this.#parts, plan, seat), preloadsOf(plan.build)])
      started.resolve(await engine.start({ ...spec, command: plan.build.heldCommand ?? [], held: { preload } }))
    } catch (error) {
      started.reject(error)
      if (seat && this.#spares.get(key)?.seat === seat) this.#dropKey(key)
      log.warn({ err: error, service: plan.serviceId }, 'an instance could not be started ahead of a deployment')
    }
  }

  #dropKey(key: string): void {
    const spare = this.#spares.get(key)
    if (!spare) return
    this.#forget(key, spare)
    void this.#remove(spare).catch((error: unknown) => this.#parts.log.warn({ err: error }, 'an instance that waited for a deployment could not be removed'))
  }

  #forget(key: string, spare: Spare): void {
    clearTimeout(spare.expires)
    this.#spares.delete(key)
  }

  async #remove({ seat, placement }: Spare): Promise<void> {
    await placement.catch(() => {})
    await this.#parts.engine.remove(seat.id)
    await rm(outputOf(this.#parts.settings.home, seat.id), { recursive: true, force: true })
  }
}

/** Of all that an instance is started with but its source: while it is the same, a waiting instance can take another revision. */
function fingerprint(plan: Plan): string {
  const { build, values, settings, service, environment, team, keepsData } = plan
  const { modulesDir, platformDir, heldCommand, binds, env, pids, readAhead } = build
  const { memoryMiB, cpu } = settings
  const parts = { service, environment, team, keepsData, modulesDir, platformDir, heldCommand, binds, env, pids, readAhead, values, memoryMiB, cpu }
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
