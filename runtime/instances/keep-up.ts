import { PlatformError } from '#contract/errors.ts'
import type { Platform } from '../platform.ts'
import { waitUntilReady } from './check.ts'
import type { Instances, Running } from './instances.ts'
import type { Place } from './place.ts'

const readyMs = 30_000
const stopMs = 5_000
const crashesWithinMs = 60_000
const parkAfter = 5
/** Before it is tried again, by how often it crashed lately. */
const pausesMs = [0, 250, 1_000, 3_000, 5_000]

interface Surroundings extends Pick<Platform, 'logs' | 'log'> {
  instances: Instances
  /** False once something else was deployed there, or it was reset. */
  isCurrent: (place: Place) => boolean
  publish: (place: Place) => Promise<void>
  save: (place: Place) => Promise<void>
}

/** Brings up what a place lacks, and brings it up again when it crashes, until it has crashed too often. */
export class KeepUp {
  readonly #around: Surroundings

  constructor(around: Surroundings) {
    this.#around = around
  }

  async toMinimum(place: Place): Promise<void> {
    const wanted = Math.max(place.plan.settings.min, 1)
    const { instances } = this.#around
    const { deploymentId } = place.plan
    // A call may have woken it a moment ago.
    const present =
      instances.of(place).filter((one) => one.deploymentId === deploymentId && one.state !== 'draining').length +
      instances.risingOf(deploymentId)
    await Promise.all(Array.from({ length: Math.max(0, wanted - present) }, () => this.oneMore(place)))
  }

  /** Four at a time: the same total as all at once, and the machine stays usable. */
  async all(places: readonly Place[]): Promise<void> {
    const queue = places.filter(
      (place) =>
        place.wanted === 'live' &&
        place.crashing === null &&
        (place.plan.settings.min > 0 || place.plan.settings.idleMs === null),
    )
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let place = queue.shift(); place; place = queue.shift()) await this.toMinimum(place)
      }),
    )
  }

  /** Starts one and lets it serve once it is ready. One that does not become so is ended, and counts as a crash. */
  oneMore(place: Place): Promise<void> {
    const { log } = this.#around
    const risen = this.#bringUp(place).catch((error: unknown) =>
      log.error(
        { err: error, service: place.serviceId, environment: place.environmentId },
        'an instance could not be started',
      ),
    )
    this.hold(place, risen)
    return risen
  }

  /** With growing pauses; five crashes in a minute park it. */
  async afterCrash(place: Place, why: string): Promise<void> {
    const { isCurrent, save, publish } = this.#around
    const now = performance.now()
    place.crashes = [...place.crashes.filter((at) => now - at < crashesWithinMs), now]
    if (place.crashes.length >= parkAfter) {
      place.crashing = `${place.plan.service} crashed ${place.crashes.length} times in a minute; the last time it ${why}`
      await save(place)
      await publish(place)
      return
    }
    const timer = Promise.withResolvers<void>()
    place.restart = setTimeout(timer.resolve, pausesMs[place.crashes.length - 1])
    this.hold(
      place,
      timer.promise.then(() => (isCurrent(place) && place.wanted === 'live' ? this.toMinimum(place) : undefined)),
    )
  }

  /** Calls wait until then. */
  hold(place: Place, until: Promise<void>): void {
    const rising = until
      .catch(() => {})
      .then(() => {
        if (place.rising === rising) place.rising = null
      })
    place.rising = rising
  }

  /** In the service's log. */
  async say(running: Running, text: string): Promise<void> {
    await this.#around.logs.append(running, {
      stream: 'platform',
      level: 'error',
      text,
      revision: running.revision,
      instanceId: running.id,
    })
  }

  async #bringUp(place: Place): Promise<void> {
    const { instances, isCurrent, publish } = this.#around
    const one = await instances.start(place.plan, place.crashes.length)
    const checking = instances.setState(one, 'checking')
    checking.catch(() => {}) // seen once it is ready
    const over = new AbortController()
    void one.ended.then(() => over.abort(new PlatformError('start_failed', 'it exited before it was ready')))
    try {
      await waitUntilReady(one, place.plan.settings.health, readyMs, { signal: over.signal })
    } catch (error) {
      if (instances.get(one.id) === undefined) return // its exit says why, and is handled there
      await this.say(one, error instanceof Error ? error.message : String(error))
      await instances.stop(one.id, stopMs)
      await this.afterCrash(place, 'was not ready in time')
      return
    }
    await checking
    // Its environment may have gone, or something else been deployed there, while it rose. Nothing is waited for between this and
    // its state: whoever deploys there leaves what rises to us, and ends what is live.
    if (!isCurrent(place)) return instances.stop(one.id, stopMs)
    await instances.setState(one, 'live')
    await publish(place)
  }
}
