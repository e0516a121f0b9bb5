import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { and, eq, isNull } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { gatewayApi } from '#contract/gateway-api.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import { environments, releases, services } from '#db/schema.ts'
import type { Exit } from '../engines/engine.ts'
import type { Platform } from '../platform.ts'
import { environmentsOfSecrets, holdsSecrets, secretRows } from '../variables/held-secrets.ts'
import { Draining, stopMs } from './draining.ts'
import { Instances, type Running } from './instances.ts'
import { KeepUp } from './keep-up.ts'
import { type At, type Place, placeKey, placeOf, routedRelease } from './place.ts'
import { type Plan, readPlan, readPlans } from './plan.ts'
import { nextGenerations, readSecretsOf, type Switch, switchPlaces } from './switch.ts'

type Parts = Omit<Platform, 'places' | 'source' | 'laptops' | 'disk'> & { gateway: RpcClient<typeof gatewayApi> }

export const watchMs = 60_000
/** Calls wait all the while. */
const makeWayMs = 5_000

/**
 * Keeps true what should run: one {@link Place} for each service in each environment where it was deployed. A
 * deployment hands its instances over by `switchTo`; from then on they are kept alive, counted, put to sleep and woken here.
 * Long, as each of these changes the same few fields of a place, which nothing else may touch.
 */
export class Places {
  readonly instances: Instances
  readonly #parts: Parts
  readonly #keepUp: KeepUp
  readonly #draining: Draining
  readonly #places = new Map<string, Place>()
  /** Set by the deployments: something crashed while its switch was being watched. */
  onWatchedCrash: (place: Place, exit: Exit) => Promise<void> = async () => {}

  constructor(parts: Parts) {
    this.#parts = parts
    this.instances = new Instances(parts)
    this.#keepUp = new KeepUp({
      logs: parts.logs,
      log: parts.log,
      instances: this.instances,
      isCurrent: (place) => this.get(place) === place,
      publish: (place) => this.publish(place),
      save: (place) => this.#save(place),
    })
    this.#draining = new Draining({
      gateway: parts.gateway,
      log: parts.log,
      instances: this.instances,
      isKept: (one) => this.get(one)?.watch?.previousId === one.deploymentId,
    })
  }

  get(at: At): Place | undefined {
    return this.#places.get(placeKey(at))
  }

  all(): Place[] {
    return [...this.#places.values()]
  }

  /** After a start of the runtime: takes over what lives on, and brings up in the background what should live. */
  async load(): Promise<void> {
    const { db, log, engine } = this.#parts
    const living = await db
      .select({ release: releases })
      .from(releases)
      .innerJoin(environments, eq(environments.id, releases.environmentId))
      .innerJoin(services, eq(services.id, releases.serviceId))
      .where(and(isNull(environments.deletedAt), isNull(services.deletedAt)))
    await this.#admit(living.map(({ release }) => release))
    const known = new Map(this.all().map(({ plan }) => [plan.deploymentId, plan]))
    await this.instances.adopt(async (deploymentId) => known.get(deploymentId) ?? readPlan(this.#parts, deploymentId))
    engine.watch(
      (exit) =>
        void this.#onExit(exit).catch((error: unknown) =>
          log.error({ err: error, exit }, 'an exit could not be handled'),
        ),
    )
    await this.#parts.routing.apply({
      releases: Object.fromEntries(
        this.all().map((place) => [placeKey(place), routedRelease(place, this.instances.of(place))]),
      ),
    })
    void this.#settleAdopted().then(() => this.#keepUp.all(this.all()))
  }

  /** The switch of one service. */
  switchTo(plan: Plan, fresh: readonly Running[], more: Pick<Switch, 'record' | 'declare'>): Promise<void> {
    return this.switchAll({ entries: [{ plan, fresh }], ...more })
  }

  /**
   * Of many at once, as {@link switchPlaces} does it. The ones before drain, and are kept ready while it is watched.
   * @throws PlatformError `conflict` when the environment is not of the expected generation: then nothing was switched
   */
  async switchAll(what: Switch): Promise<void> {
    const { begun, left, declared } = await switchPlaces(
      { ...this.#parts, places: this.#places, instances: this.instances },
      what,
    )
    for (const { plan, place, before } of begun) this.#watchOver(plan, place, before)
    this.#reviewSoon(begun.map(({ place }) => place))
    for (const place of left) this.#leave(place)
    for (const { teamId, serviceId, environmentId } of [...begun.map(({ place }) => place), ...left])
      this.#parts.events.emit({ type: 'service', teamId, serviceId, environmentId })
    // Other teams see these in their catalogues, or do not any more.
    for (const serviceId of declared)
      for (const teamId of Object.keys(this.#parts.routing.table.teams))
        this.#parts.events.emit({ type: 'service', teamId, serviceId, environmentId: null })
  }

  /** Back to the deployment before, whose instances are still there (or are brought up, when they had to be stopped). */
  async switchBack(place: Place, plan: Plan, more: Pick<Switch, 'record' | 'declare'>): Promise<void> {
    const kept = this.instances.of(place).filter((one) => one.deploymentId === plan.deploymentId)
    await this.switchTo(plan, kept, more)
    this.endWatches([place])
  }

  /** Nothing of what served before is kept any longer. */
  endWatches(ats: readonly At[]): void {
    for (const at of ats) {
      const place = this.get(at)
      if (place) this.#endWatch(place)
    }
  }

  /** At once, whatever it does; it stays down until somebody brings it up again, and calls are told why. Another that is being deployed goes on. */
  async park(at: At & { id: string }, why: string): Promise<void> {
    const place = this.get(at)
    const running = this.instances
      .of(at)
      .filter(
        (one) =>
          one.id === at.id ||
          one.deploymentId === place?.plan.deploymentId ||
          (one.state !== 'starting' && one.state !== 'checking'),
      )
    if (place) place.crashing = `${place.plan.service} was stopped: ${why}`
    await Promise.all(running.map((one) => this.#parts.engine.stop(one.id, { graceMs: 0 })))
    for (const one of running.slice(0, 1)) await this.#keepUp.say(one, `stopped: ${why}`).catch(() => {})
    if (!place) return
    await this.#save(place)
    await this.#takeDown(place, running)
  }

  async kill(at: At): Promise<void> {
    const place = this.#require(at)
    place.wanted = 'stopped'
    place.crashing = null
    await this.#save(place)
    await this.#takeDown(place)
  }

  /** Ends what runs, the calls under way first, for whoever goes on with it: that it should run stays written down. */
  async pause(at: At): Promise<void> {
    const place = this.#require(at)
    place.wanted = 'stopped'
    const serving = this.instances.of(place)
    for (const one of serving) await this.instances.setState(one, 'draining')
    await this.publish(place)
    await Promise.all(serving.map((one) => this.#draining.wait(one, { callsMs: makeWayMs, socketsMs: 0 })))
    await this.#takeDown(place)
  }

  /** Removes the environment's own copy: its calls go to the parent's. */
  async reset(at: At): Promise<void> {
    const place = this.get(at)
    if (!place) return
    const environments = await this.#parts.db.transaction(async (tx) => {
      await tx
        .delete(releases)
        .where(and(eq(releases.environmentId, at.environmentId), eq(releases.serviceId, at.serviceId)))
      return nextGenerations(this.#parts, tx, [at.environmentId])
    })
    this.#places.delete(placeKey(at))
    place.wanted = 'stopped'
    await this.#parts.routing.apply({ releases: { [placeKey(at)]: null }, environments })
    await this.#takeDown(place)
  }

  /** What was recorded for this place by other means than a switch. */
  async take(at: At): Promise<void> {
    const [row] = await this.#parts.db
      .select()
      .from(releases)
      .where(and(eq(releases.environmentId, at.environmentId), eq(releases.serviceId, at.serviceId)))
    if (!row) return
    const place = placeOf(await readPlan(this.#parts, row.deploymentId), row.wanted, row.crashing)
    await readSecretsOf(this.#parts, this.#parts.db, place)
    this.#places.set(placeKey(place), place)
    this.#reviewSoon([place])
    const environments = await this.#parts.db.transaction((tx) => nextGenerations(this.#parts, tx, [at.environmentId]))
    await this.#parts.routing.apply({
      releases: { [placeKey(place)]: routedRelease(place, this.instances.of(place)) },
      environments,
    })
    this.#parts.events.emit({
      type: 'service',
      teamId: place.teamId,
      serviceId: place.serviceId,
      environmentId: place.environmentId,
    })
  }

  /** Its environment is gone, for now: routes first, then its instances; what should run there stays written down. */
  async suspend(environmentId: string): Promise<void> {
    const places = this.all().filter((place) => place.environmentId === environmentId)
    for (const place of places) {
      this.#places.delete(placeKey(place))
      place.wanted = 'stopped'
    }
    await this.#parts.routing.apply({ releases: Object.fromEntries(places.map((place) => [placeKey(place), null])) })
    await Promise.all(places.map((place) => this.#takeDown(place)))
    await Promise.all(
      this.instances
        .all()
        .filter((one) => one.environmentId === environmentId)
        .map((one) => this.instances.stop(one.id, stopMs)),
    )
  }

  /** What was suspended is routed again, and brought up in the background; calls wait for it. */
  async resume(environmentId: string): Promise<void> {
    await this.#admit(await this.#parts.db.select().from(releases).where(eq(releases.environmentId, environmentId)))
    const places = this.all().filter((place) => place.environmentId === environmentId)
    await this.#parts.routing.apply({
      releases: Object.fromEntries(
        places.map((place) => [placeKey(place), routedRelease(place, this.instances.of(place))]),
      ),
    })
    void this.#keepUp.all(places)
  }

  async #admit(rows: readonly (typeof releases.$inferSelect)[]): Promise<void> {
    const plans = await readPlans(
      this.#parts,
      rows.map(({ deploymentId }) => deploymentId),
    )
    const marks = await secretRows(this.#parts.db, [...new Set(rows.map(({ serviceId }) => serviceId))])
    for (const row of rows) {
      const read = plans.get(row.deploymentId)
      if (read === undefined || 'error' in read) {
        this.#parts.log.error(
          { err: read?.error, release: row },
          'a release cannot be read; its service stays down until it is deployed again',
        )
        continue
      }
      const place = placeOf(read.plan, row.wanted, row.crashing)
      place.secretsOf = environmentsOfSecrets(this.#parts, read.plan, marks.get(row.serviceId))
      this.#places.set(placeKey(place), place)
      if (read.watch !== null) this.#watch(place, read.watch.previousId, read.watch.until)
    }
  }

  /** Everything of a service, in every environment. */
  async removeService(serviceId: string): Promise<void> {
    await Promise.all(
      this.all()
        .filter((place) => place.serviceId === serviceId)
        .map((place) => this.reset(place)),
    )
    // Of environments that are gone, and of one that was deleted before this runtime began.
    await this.#parts.db.delete(releases).where(eq(releases.serviceId, serviceId))
  }

  /** Stops every instance, in order; what should run is unchanged and runs again after the next start. */
  async stopAll(): Promise<void> {
    for (const place of this.all()) {
      if (place.restart) clearTimeout(place.restart)
      if (place.watch) clearTimeout(place.watch.timer)
    }
    this.#stopping = true
    await this.instances.stopAll(stopMs)
  }
  #stopping = false

  /** Resolves when it answers. @throws PlatformError `unavailable` with the reason */
  async wake(at: At): Promise<void> {
    const place = this.#require(at)
    if (place.wanted === 'stopped')
      throw new PlatformError('unavailable', `${place.plan.service} was stopped`, { fix: 'Deploy or restart it.' })
    if (place.crashing)
      throw new PlatformError('unavailable', place.crashing, { fix: 'Check its logs, fix it and redeploy.' })
    place.usedAt = Date.now()
    if (this.#serving(place).length > 0) return
    await (place.rising ?? this.#keepUp.oneMore(place))
    if (this.#serving(this.get(at) ?? place).length === 0)
      throw new PlatformError('unavailable', `${place.plan.service} did not start`, { fix: 'Check its logs.' })
  }

  /** While something else brings it up (a deployment that had to stop the one before), calls wait for that. */
  hold(at: At, until: Promise<void>): void {
    const place = this.get(at)
    if (place) this.#keepUp.hold(place, until)
  }

  noteCalls(at: At, lastAt: number): void {
    const place = this.get(at)
    if (place) place.usedAt = Math.max(place.usedAt, lastAt)
  }

  /** Somebody works on it, so that its next deployment is not far. */
  expectDeployment(at: At): void {
    const place = this.get(at)
    if (place?.wanted === 'live' && !this.#stopping) this.instances.spares.prepare(place.plan, 'deployment')
  }

  /** Puts to sleep what nobody called for as long as its settings say. */
  async sleepIdle(now = Date.now()): Promise<void> {
    for (const key of new Set(this.instances.all().map(placeKey))) {
      const place = this.#places.get(key)
      if (place === undefined) continue
      const { min, idleMs } = place.plan.settings
      const serving = this.#serving(place)
      if (
        min > 0 ||
        idleMs === null ||
        serving.length === 0 ||
        place.watch ||
        place.rising ||
        now - place.usedAt < idleMs
      )
        continue
      for (const one of serving) await this.instances.setState(one, 'draining')
      await this.publish(place)
      void Promise.all(serving.map((one) => this.#draining.retire(one))).then(() => this.#expectCall(place))
    }
  }

  /** What has been used lately is used again: it does not wait for a start then. */
  #expectCall(place: Place): void {
    if (
      this.get(place) !== place ||
      place.wanted !== 'live' ||
      place.rising ||
      this.#stopping ||
      this.instances.of(place).length > 0
    )
      return
    this.instances.spares.prepare(place.plan, 'call')
  }

  /** Ends those of other deployments, the calls under way finished first: what comes may be the only one with the data open. */
  async makeWay(plan: Plan): Promise<void> {
    const place = this.get(plan)
    const isOld = ({ deploymentId }: { deploymentId: string }) => deploymentId !== plan.deploymentId
    for (;;) {
      const old = this.instances.of(plan).find(isOld)
      if (old) {
        await this.instances.setState(old, 'draining')
        if (place) await this.publish(place)
        await this.#draining.wait(old, { callsMs: makeWayMs, socketsMs: makeWayMs })
        await this.instances.stop(old.id, makeWayMs)
      } else if (place && isOld(place.plan) && this.instances.risingOf(place.plan.deploymentId) > 0) {
        // As after a start of the runtime, which brings up what should live and carries deployments on at once.
        await delay(20)
      } else return
    }
  }

  /** Brings up what is missing, as after a failed deployment that had to stop the ones before. */
  async bringBack(at: At): Promise<void> {
    const place = this.get(at)
    if (!place || place.wanted === 'stopped' || place.crashing !== null) return
    const draining = this.instances
      .of(place)
      .filter((one) => one.deploymentId === place.plan.deploymentId && one.state === 'draining')
    await Promise.all(draining.map((one) => this.instances.stop(one.id, stopMs)))
    if (place.plan.settings.min > 0) await this.#keepUp.toMinimum(place)
  }

  /** A secret of the service was set, marked, or deleted: the routing table says of which environments its instances hold secrets. */
  async reviewSecrets(serviceId: string): Promise<void> {
    const places = this.all().filter((place) => place.serviceId === serviceId && holdsSecrets(place.plan.values))
    if (places.length === 0) return
    const rows = (await secretRows(this.#parts.db, [serviceId])).get(serviceId)
    const changed = places.filter((place) => {
      const now = environmentsOfSecrets(this.#parts, place.plan, rows)
      if (this.get(place) !== place || isDeepStrictEqual(now, place.secretsOf)) return false
      place.secretsOf = now
      return true
    })
    if (changed.length > 0)
      await this.#parts.routing.apply({
        releases: Object.fromEntries(
          changed.map((place) => [placeKey(place), routedRelease(place, this.instances.of(place))]),
        ),
      })
  }

  /** One may have been marked between the look at it and the switch. */
  #reviewSoon(places: readonly Place[]): void {
    for (const serviceId of new Set(
      places.filter(({ plan }) => holdsSecrets(plan.values)).map((place) => place.serviceId),
    )) {
      this.reviewSecrets(serviceId).catch((error: unknown) =>
        this.#parts.log.warn({ err: error, serviceId }, 'the marks of its secrets could not be read again'),
      )
    }
  }

  async publish(place: Place): Promise<void> {
    if (this.get(place) !== place) return
    await this.#parts.routing.apply({ releases: { [placeKey(place)]: routedRelease(place, this.instances.of(place)) } })
    this.#parts.events.emit({
      type: 'service',
      teamId: place.teamId,
      serviceId: place.serviceId,
      environmentId: place.environmentId,
    })
  }

  /** After a switch: what served before is kept ready while it is watched. */
  #watchOver(plan: Plan, place: Place, before: Place | undefined): void {
    if (before?.watch) clearTimeout(before.watch.timer)
    if (before?.restart) clearTimeout(before.restart)
    const previousId =
      before && before.wanted === 'live' && before.plan.deploymentId !== plan.deploymentId
        ? before.plan.deploymentId
        : undefined
    if (previousId) this.#watch(place, previousId, Date.now() + watchMs)
    for (const old of this.instances.of(place))
      if (old.deploymentId !== plan.deploymentId && old.state !== 'starting' && old.state !== 'checking')
        void this.#draining.retire(old)
    if (!plan.pinned) void this.#keepUp.toMinimum(place)
  }

  /** A copy that is inherited now: it answers the calls of before for as long as a switch is watched, then ends. */
  #leave(place: Place): void {
    if (place.restart) clearTimeout(place.restart)
    if (place.watch) clearTimeout(place.watch.timer)
    place.watch = null
    place.wanted = 'stopped'
    this.instances.spares.drop(place)
    const kept = this.instances.of(place)
    for (const one of kept) void this.#draining.begin(one)
    setTimeout(() => {
      // Taken back, it serves again.
      for (const one of kept)
        if (this.instances.get(one.id)?.state === 'draining' && this.get(place)?.plan.deploymentId !== one.deploymentId)
          void this.#draining.retire(one)
    }, watchMs).unref()
  }

  #require(at: At): Place {
    const place = this.get(at)
    if (!place) throw new PlatformError('not_found', 'it was never deployed here', { fix: 'Deploy it first.' })
    return place
  }

  #serving(place: Place): Running[] {
    return this.instances
      .of(place)
      .filter((one) => one.deploymentId === place.plan.deploymentId && one.state === 'live')
  }

  async #save(place: Place): Promise<void> {
    await this.#parts.db
      .update(releases)
      .set({ wanted: place.wanted, crashing: place.crashing, updatedAt: Date.now() })
      .where(and(eq(releases.environmentId, place.environmentId), eq(releases.serviceId, place.serviceId)))
  }

  async #takeDown(place: Place, all = this.instances.of(place)): Promise<void> {
    if (place.restart) clearTimeout(place.restart)
    if (place.watch) this.#endWatch(place)
    this.instances.spares.drop(place)
    await this.publish(place)
    await Promise.all(all.map((one) => this.instances.stop(one.id, stopMs)))
    await this.publish(place)
  }

  #watch(place: Place, previousId: string, until: number): void {
    const timer = setTimeout(() => this.#endWatch(place), Math.max(0, until - Date.now()))
    timer.unref()
    place.watch = { previousId, until, timer }
  }

  #endWatch(place: Place): void {
    if (!place.watch) return
    clearTimeout(place.watch.timer)
    const { previousId } = place.watch
    place.watch = null
    for (const one of this.instances.of(place))
      if (one.deploymentId === previousId && one.state === 'draining') void this.#draining.retire(one)
    this.#parts.events.emit({
      type: 'service',
      teamId: place.teamId,
      serviceId: place.serviceId,
      environmentId: place.environmentId,
    })
  }

  async #onExit(exit: Exit): Promise<void> {
    const running = await this.instances.noteExit(exit)
    if (!running || this.#stopping) return
    const place = this.get(running)
    if (!exit.stopped) await this.#keepUp.say(running, `instance ${running.id} ${describeExit(exit)}`)
    if (!place || running.deploymentId !== place.plan.deploymentId) return
    await this.publish(place)
    if (exit.stopped || place.wanted === 'stopped' || place.crashing !== null || running.state === 'draining') return
    if (place.watch) return this.onWatchedCrash(place, exit)
    await this.#keepUp.afterCrash(place, describeExit(exit))
  }

  /** What does not serve ends: at once when it never did, else as after a switch, as calls may still be under way to it. Resolves when the first are gone. */
  async #settleAdopted(): Promise<void> {
    const unready: Running[] = []
    for (const one of this.instances.all()) {
      const place = this.get(one)
      if (one.state === 'starting' || one.state === 'checking') unready.push(one)
      else if (
        place?.plan.deploymentId !== one.deploymentId ||
        one.state === 'draining' ||
        place.wanted === 'stopped' ||
        place.crashing !== null
      )
        void this.#draining.retire(one)
    }
    await Promise.all(unready.map((one) => this.instances.stop(one.id, 0)))
  }
}

export function describeExit(exit: Exit): string {
  if (exit.oom) return 'used more memory than its limit and was stopped'
  if (exit.signal) return `was stopped by ${exit.signal}`
  return exit.exitCode === null ? 'exited with an unknown code' : `exited with code ${exit.exitCode}`
}
