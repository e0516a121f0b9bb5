import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { preloadsOf } from '../builds/preloads.ts'
import type { Placement } from '../engines/engine.ts'
import type { Platform } from '../platform.ts'
import { type At, placeKey } from './place.ts'
import type { Plan } from './plan.ts'
import { outputOf, type Seat, specOf, takeSeat } from './spec.ts'

/** What it waits for: what somebody who works on the service deploys next, or the next call of one that sleeps. */
export type Purpose = 'deployment' | 'call'

interface Spare {
  seat: Seat
  fits: string
  placement: Promise<Placement>
  purpose: Purpose
  since: number
  expires: NodeJS.Timeout
}

type Parts = Pick<Platform, 'engine' | 'settings' | 'log'>

/** Each takes the memory of a service that does nothing. */
const most = { deployment: 3, call: Math.min(16, Math.max(1, Math.floor(totalmem() / 2 ** 31))) }
const keptMs = { deployment: 15 * 60_000, call: 60 * 60_000 }
/** Where many are deployed, or fall asleep, together, one for each would only replace what was started a moment ago. */
const settledMs = 60_000
/** Of the machine's memory, what is left to others. */
const leftFree = 1 / 8

/**
 * Instances that are started ahead: Node and the service's packages are loaded, its own code does not run yet. What is
 * deployed, or called, then begins at once. A spare that does not fit (other packages, variables or limits) is dropped, and an
 * instance is started as usual.
 */
export class Spares {
  readonly #parts: Parts
  /** Ports that the team's instances have. */
  readonly #portsOf: (teamId: string) => number[]
  /** Those of which one was asked for longest ago first. */
  readonly #spares = new Map<string, Spare>()
  /** Of those that are not among them yet. */
  readonly #begun = new Map<string, { purpose: Purpose }>()

  constructor(parts: Parts, portsOf: (teamId: string) => number[]) {
    this.#parts = parts
    this.#portsOf = portsOf
  }

  /** Goes on in the background. */
  prepare(plan: Plan, purpose: Purpose): void {
    const key = placeKey(plan)
    if (plan.build.heldCommand === undefined || this.#begun.has(key)) return
    const there = this.#spares.get(key)
    if (there?.fits === fingerprint(plan))
      return this.#renew(key, there, there.purpose === 'deployment' ? there.purpose : purpose)
    if (there) this.drop(plan)
    if (this.#makeRoom(purpose)) void this.#start(plan, key, purpose)
  }

  #renew(key: string, spare: Spare, purpose: Purpose): void {
    this.#forget(key, spare)
    this.#spares.set(key, { ...spare, purpose, since: performance.now(), expires: this.#expiry(key, purpose) })
  }

  #expiry(key: string, purpose: Purpose): NodeJS.Timeout {
    return setTimeout(() => this.#dropKey(key), keptMs[purpose]).unref()
  }

  #makeRoom(purpose: Purpose): boolean {
    if (purpose === 'call' && process.availableMemory() < totalmem() * leftFree) return false
    const others = [...this.#spares].filter(([, spare]) => spare.purpose === purpose)
    const begun = [...this.#begun.values()].filter((other) => other.purpose === purpose)
    if (begun.length >= most[purpose]) return false
    const inTheWay = others.slice(0, Math.max(0, others.length + begun.length - most[purpose] + 1))
    if (inTheWay.some(([, { since }]) => performance.now() - since < settledMs)) return false
    for (const [key] of inTheWay) this.#dropKey(key)
    return true
  }

  has(plan: Plan): boolean {
    return this.#spares.get(placeKey(plan))?.fits === fingerprint(plan)
  }

  /** It will be taken with this, or with what differs little from it: the copying is done by then. Goes on in the background. */
  stage(plan: Plan): void {
    const spare = this.#spares.get(placeKey(plan))
    if (spare?.fits !== fingerprint(plan)) return
    const { sourceDir, buildDir } = plan.build
    void spare.placement
      .then(() => this.#parts.engine.stage(spare.seat.id, { sourceDir, ...(buildDir !== undefined && { buildDir }) }))
      .catch(() => {}) // seen when it is taken
  }

  /** The one that fits, which is the caller's from now on. */
  async take(plan: Plan): Promise<{ seat: Seat; placement: Placement } | undefined> {
    const spare = this.#spares.get(placeKey(plan))
    if (!spare) return undefined
    if (spare.fits !== fingerprint(plan)) {
      this.drop(plan)
      return undefined
    }
    this.#forget(placeKey(plan), spare)
    return spare.placement.then(
      (placement) => ({ seat: spare.seat, placement }),
      () => undefined,
    )
  }

  drop(at: At): void {
    this.#dropKey(placeKey(at))
  }

  async dropAll(): Promise<void> {
    this.#begun.clear()
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

  async #start(plan: Plan, key: string, purpose: Purpose): Promise<void> {
    const { engine, log } = this.#parts
    const started = Promise.withResolvers<Placement>()
    started.promise.catch(() => {})
    let seat: Seat | undefined
    const begun = { purpose }
    this.#begun.set(key, begun)
    const isWanted = () => this.#begun.get(key) === begun
    try {
      const waiting = [...this.#spares.values()].map(({ seat: { port } }) => port)
      seat = await takeSeat(this.#parts, plan, [...this.#portsOf(plan.teamId), ...waiting])
      if (!isWanted()) return
      this.#begun.delete(key)
      this.#spares.set(key, {
        seat,
        fits: fingerprint(plan),
        placement: started.promise,
        purpose,
        since: performance.now(),
        expires: this.#expiry(key, purpose),
      })
      const [spec, preload] = await Promise.all([specOf(this.#parts, plan, seat), preloadsOf(plan.build)])
      started.resolve(await engine.start({ ...spec, command: plan.build.heldCommand ?? [], held: { preload } }))
      this.stage(plan)
    } catch (error) {
      started.reject(error)
      if (seat && this.#spares.get(key)?.seat === seat) this.#dropKey(key)
      log.warn({ err: error, service: plan.serviceId }, 'an instance could not be started ahead')
    } finally {
      if (isWanted()) this.#begun.delete(key)
    }
  }

  #dropKey(key: string): void {
    this.#begun.delete(key)
    const spare = this.#spares.get(key)
    if (!spare) return
    this.#forget(key, spare)
    void this.#remove(spare).catch((error: unknown) =>
      this.#parts.log.warn({ err: error }, 'an instance that waited could not be removed'),
    )
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
  const parts = {
    service,
    environment,
    team,
    keepsData,
    modulesDir,
    platformDir,
    heldCommand,
    binds,
    env,
    pids,
    readAhead,
    values,
    memoryMiB,
    cpu,
  }
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
