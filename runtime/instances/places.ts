import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { gatewayApi } from '#contract/gateway-api.ts'
import { outageOf } from '#contract/outage.ts'
import type { RoutingChange } from '#contract/routing.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import { given, once } from '#db/once.ts'
import type { Transaction } from '#db/open.ts'
import { environments, releases, services } from '#db/schema.ts'
import type { Exit } from '../engines/engine.ts'
import type { Platform } from '../platform.ts'
import { Instances, type Running } from './instances.ts'
import { KeepUp } from './keep-up.ts'
import { type Place, placeKey, placeOf, routedRelease } from './place.ts'
import { type Plan, readPlan, readPlans } from './plan.ts'

type Parts = Omit<Platform, 'places' | 'source' | 'laptops'> & { gateway: RpcClient<typeof gatewayApi> }
type At = { serviceId: string; environmentId: string }

/** What changes together. */
export interface Switch {
  /** What serves from now on, with the instances that are ready for it. */
  entries: readonly { plan: Plan; fresh: readonly Running[] }[]
  /** Own copies that go: their calls go to the parent's. */
  leaving?: readonly At[]
  /** Compare and swap: the environment must still be of this generation. */
  expected?: { environmentId: string; generation: number } | undefined
  record: (tx: Transaction) => Promise<void>
}

export const watchMs = 60_000
const drainMs = 30_000
const socketsMs = 60_000
const stopMs = 5_000
/** Calls wait all the while. */
const makeWayMs = 5_000

const serve = once((db) => {
  const { environmentId, serviceId, deploymentId, commit, updatedAt } = releases
  const now = { deploymentId: given('deploymentId', deploymentId), commit: given('commit', commit), wanted: 'live' as const, crashing: null, updatedAt: given('updatedAt', updatedAt) }
  return db.insert(releases).values({ environmentId: given('environmentId', environmentId), serviceId: given('serviceId', serviceId), ...now })
    .onConflictDoUpdate({ target: [environmentId, serviceId], set: now }).prepare('serve')
})

/** Without an expected one, whichever it is of. */
const nextGeneration = once((db) => db.update(environments).set({ generation: sql`${environments.generation} + 1` })
  .where(and(eq(environments.id, sql.placeholder('id')), sql`${environments.generation} = coalesce(${sql.placeholder('expected')}::integer, ${environments.generation})`))
  .returning({ generation: environments.generation }).prepare('next_generation'))

/**
 * Keeps true what should run: one {@link Place} for each service in each environment where it was deployed. A
 * deployment hands its instances over by `switchTo`; from then on they are kept alive, counted, put to sleep and woken here.
 * Long, as each of these changes the same few fields of a place, which nothing else may touch.
 */
export class Places {
  readonly instances: Instances
  readonly #parts: Parts
  readonly #keepUp: KeepUp
  readonly #places = new Map<string, Place>()
  /** Set by the deployments: something crashed while its switch was being watched. */
  onWatchedCrash: (place: Place, exit: Exit) => Promise<void> = async () => {}

  constructor(parts: Parts) {
    this.#parts = parts
    this.instances = new Instances(parts)
    this.#keepUp = new KeepUp({
      logs: parts.logs, log: parts.log, instances: this.instances,
      isCurrent: (place) => this.get(place) === place,
      publish: (place) => this.publish(place),
      save: (place) => this.#save(place),
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
    const living = await db.select({ release: releases }).from(releases)
      .innerJoin(environments, eq(environments.id, releases.environmentId)).innerJoin(services, eq(services.id, releases.serviceId))
      .where(and(isNull(environments.deletedAt), isNull(services.deletedAt)))
    await this.#admit(living.map(({ release }) => release))
    const known = new Map(this.all().map(({ plan }) => [plan.deploymentId, plan]))
    await this.instances.adopt(async (deploymentId) => known.get(deploymentId) ?? readPlan(this.#parts, deploymentId))
    engine.watch((exit) => void this.#onExit(exit).catch((error: unknown) => log.error({ err: error, exit }, 'an exit could not be handled')))
    await this.#parts.routing.apply({ releases: Object.fromEntries(this.all().map((place) => [placeKey(place), routedRelease(place, this.instances.of(place))])) })
    void this.#settleAdopted().then(() => this.#keepUp.all(this.all()))
  }

  /** The switch of one service. */
  switchTo(plan: Plan, fresh: readonly Running[], record: (tx: Transaction) => Promise<void>): Promise<void> {
    return this.switchAll({ entries: [{ plan, fresh }], record })
  }

  /**
   * The switch: one change of the routing table for all of it, in force when its record can be read, so that "live" is
   * true for whoever sees it; undone when it cannot be recorded. The ones before drain, and are kept ready while it is watched.
   * @throws PlatformError `conflict` when the environment is not of the expected generation: then nothing was switched
   */
  async switchAll({ entries, leaving = [], expected, record }: Switch): Promise<void> {
    const begun = entries.map(({ plan, fresh }) => ({ plan, fresh, before: this.get(plan), place: placeOf(plan, 'live', null) }))
    const left = leaving.flatMap((at) => this.get(at) ?? [])
    await this.#parts.db.transaction(async (tx) => {
      // Sent together, and done in this order.
      const [environments] = await Promise.all([
        this.#nextGenerations(tx, [...begun.map(({ plan }) => plan.environmentId), ...left.map((at) => at.environmentId)], expected),
        ...begun.map(({ plan: { environmentId, serviceId, deploymentId, commit } }) => serve(tx).execute({ environmentId, serviceId, deploymentId, commit, updatedAt: Date.now() })),
        ...left.map((at) => tx.delete(releases).where(and(eq(releases.environmentId, at.environmentId), eq(releases.serviceId, at.serviceId)))),
        ...begun.flatMap(({ fresh }) => fresh.map((running) => this.instances.setState(running, 'live', tx))),
        record(tx),
      ])
      for (const { place } of begun) this.#places.set(placeKey(place), place)
      for (const at of left) this.#places.delete(placeKey(at))
      const changed = [...begun.map(({ place }) => [placeKey(place), routedRelease(place, this.instances.of(place))] as const), ...left.map((at) => [placeKey(at), null] as const)]
      await this.#parts.routing.apply({ releases: Object.fromEntries(changed), environments })
      await this.#parts.routing.settled()
    }).catch(async (error: unknown) => {
      await this.#undoSwitch(begun, left)
      throw error
    })
    for (const { plan, place, before } of begun) this.#watchOver(plan, place, before)
    for (const place of left) this.#leave(place)
    for (const { teamId, serviceId, environmentId } of [...begun.map(({ place }) => place), ...left]) this.#parts.events.emit({ type: 'service', teamId, serviceId, environmentId })
  }

  /** Back to the deployment before, whose instances are still there (or are brought up, when they had to be stopped). */
  async switchBack(place: Place, previousId: string, record: Switch['record']): Promise<void> {
    const plan = await readPlan(this.#parts, previousId)
    const kept = this.instances.of(place).filter((one) => one.deploymentId === previousId)
    await this.switchTo(plan, kept, record)
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
    const running = this.instances.of(at).filter((one) => one.id === at.id || one.deploymentId === place?.plan.deploymentId || (one.state !== 'starting' && one.state !== 'checking'))
    if (place) place.crashing = `${place.plan.service} was ended: ${why}`
    await Promise.all(running.map((one) => this.#parts.engine.stop(one.id, { graceMs: 0 })))
    for (const one of running.slice(0, 1)) await this.#keepUp.say(one, `ended: ${why}`).catch(() => {})
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
    await Promise.all(serving.map((one) => this.#drain(one, { callsMs: makeWayMs, socketsMs: 0 })))
    await this.#takeDown(place)
  }

  /** Removes the environment's own copy: its calls go to the parent's. */
  async reset(at: At): Promise<void> {
    const place = this.get(at)
    if (!place) return
    const environments = await this.#parts.db.transaction(async (tx) => {
      await tx.delete(releases).where(and(eq(releases.environmentId, at.environmentId), eq(releases.serviceId, at.serviceId)))
      return this.#nextGenerations(tx, [at.environmentId])
    })
    this.#places.delete(placeKey(at))
    place.wanted = 'stopped'
    await this.#parts.routing.apply({ releases: { [placeKey(at)]: null }, environments })
    await this.#takeDown(place)
  }

  /** What was recorded for this place by other means than a switch. */
  async take(at: At): Promise<void> {
    const [row] = await this.#parts.db.select().from(releases).where(and(eq(releases.environmentId, at.environmentId), eq(releases.serviceId, at.serviceId)))
    if (!row) return
    const place = placeOf(await readPlan(this.#parts, row.deploymentId), row.wanted, row.crashing)
    this.#places.set(placeKey(place), place)
    const environments = await this.#parts.db.transaction((tx) => this.#nextGenerations(tx, [at.environmentId]))
    await this.#parts.routing.apply({ releases: { [placeKey(place)]: routedRelease(place, this.instances.of(place)) }, environments })
    this.#parts.events.emit({ type: 'service', teamId: place.teamId, serviceId: place.serviceId, environmentId: place.environmentId })
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
    await Promise.all(this.instances.all().filter((one) => one.environmentId === environmentId).map((one) => this.instances.stop(one.id, stopMs)))
  }

  /** What was suspended is routed again, and brought up in the background; calls wait for it. */
  async resume(environmentId: string): Promise<void> {
    await this.#admit(await this.#parts.db.select().from(releases).where(eq(releases.environmentId, environmentId)))
    const places = this.all().filter((place) => place.environmentId === environmentId)
    await this.#parts.routing.apply({ releases: Object.fromEntries(places.map((place) => [placeKey(place), routedRelease(place, this.instances.of(place))])) })
    void this.#keepUp.all(places)
  }

  async #admit(rows: readonly (typeof releases.$inferSelect)[]): Promise<void> {
    const plans = await readPlans(this.#parts, rows.map(({ deploymentId }) => deploymentId))
    for (const row of rows) {
      const read = plans.get(row.deploymentId)
      if (read === undefined || 'error' in read) {
        this.#parts.log.error({ err: read?.error, release: row }, 'a release cannot be read; its service stays down until it is deployed again')
        continue
      }
      const place = placeOf(read.plan, row.wanted, row.crashing)
      this.#places.set(placeKey(place), place)
      if (read.watch !== null) this.#watch(place, read.watch.previousId, read.watch.until)
    }
  }

  /** Everything of a service, in every environment. */
  async removeService(serviceId: string): Promise<void> {
    await Promise.all(this.all().filter((place) => place.serviceId === serviceId).map((place) => this.reset(place)))
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
    await Promise.all([this.instances.spares.dropAll(), ...this.instances.all().map((one) => this.instances.stop(one.id, stopMs))])
  }
  #stopping = false

  /** Resolves when it answers. @throws PlatformError `unavailable` with the reason */
  async wake(at: At): Promise<void> {
    const place = this.#require(at)
    if (place.wanted === 'stopped') throw new PlatformError('unavailable', `${place.plan.service} was stopped`, { fix: 'Deploy or restart it.' })
    if (place.crashing) throw new PlatformError('unavailable', place.crashing, { fix: 'Look at its logs, mend it and deploy again.' })
    place.usedAt = Date.now()
    if (this.#serving(place).length > 0) return
    await (place.rising ?? this.#keepUp.oneMore(place))
    if (this.#serving(this.get(at) ?? place).length === 0) throw new PlatformError('unavailable', `${place.plan.service} did not come up`, { fix: 'Look at its logs.' })
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
      if (min > 0 || idleMs === null || serving.length === 0 || place.watch || place.rising || now - place.usedAt < idleMs) continue
      for (const one of serving) await this.instances.setState(one, 'draining')
      await this.publish(place)
      void Promise.all(serving.map((one) => this.#retire(one, false))).then(() => this.#expectCall(place))
    }
  }

  /** What has been used lately is used again: it does not wait for a start then. */
  #expectCall(place: Place): void {
    if (this.get(place) !== place || place.wanted !== 'live' || place.rising || this.#stopping || this.instances.of(place).length > 0) return
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
        await this.#drain(old, { callsMs: makeWayMs, socketsMs: makeWayMs })
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
    const draining = this.instances.of(place).filter((one) => one.deploymentId === place.plan.deploymentId && one.state === 'draining')
    await Promise.all(draining.map((one) => this.instances.stop(one.id, stopMs)))
    if (place.plan.settings.min > 0) await this.#keepUp.toMinimum(place)
  }

  async publish(place: Place): Promise<void> {
    if (this.get(place) !== place) return
    await this.#parts.routing.apply({ releases: { [placeKey(place)]: routedRelease(place, this.instances.of(place)) } })
    this.#parts.events.emit({ type: 'service', teamId: place.teamId, serviceId: place.serviceId, environmentId: place.environmentId })
  }

  /** For the routing table, which learns of them together with what they bring. */
  async #nextGenerations(tx: Transaction, ids: readonly string[], expected?: Switch['expected']): Promise<Required<RoutingChange>['environments']> {
    const changed: Required<RoutingChange>['environments'] = {}
    // In one order for everybody, so that two switches never wait for each other.
    for (const id of [...new Set(ids)].sort()) {
      const [row] = await nextGeneration(tx).execute({ id, expected: expected?.environmentId === id ? expected.generation : null })
      const known = this.#parts.routing.table.environments[id]
      if (!row && expected?.environmentId === id) throw new PlatformError('conflict', `${known?.name ?? 'the environment'} has changed meanwhile`, { fix: 'Look at what changed, then try again.' })
      if (row && known) changed[id] = { ...known, generation: row.generation }
    }
    return changed
  }

  async #undoSwitch(begun: readonly { place: Place; before: Place | undefined }[], left: readonly Place[]): Promise<void> {
    const switched = begun.filter(({ place }) => this.get(place) === place)
    const gone = left.filter((place) => this.get(place) === undefined)
    if (switched.length === 0 && gone.length === 0) return
    for (const { place, before } of switched) {
      if (before) this.#places.set(placeKey(before), before)
      else this.#places.delete(placeKey(place))
    }
    for (const place of gone) this.#places.set(placeKey(place), place)
    await this.#parts.routing.refresh({ environments: [...new Set([...switched.map(({ place }) => place.environmentId), ...gone.map((place) => place.environmentId)])] })
    await this.#parts.routing.apply({
      releases: Object.fromEntries([...switched.map(({ place }) => place), ...gone].map((at) => {
        const serving = this.get(at)
        return [placeKey(at), serving ? routedRelease(serving, this.instances.of(serving)) : null]
      })),
    })
  }

  /** After a switch: what served before is kept ready while it is watched. */
  #watchOver(plan: Plan, place: Place, before: Place | undefined): void {
    if (before?.watch) clearTimeout(before.watch.timer)
    if (before?.restart) clearTimeout(before.restart)
    const previousId = before && before.wanted === 'live' && before.plan.deploymentId !== plan.deploymentId ? before.plan.deploymentId : undefined
    if (previousId) this.#watch(place, previousId, Date.now() + watchMs)
    for (const old of this.instances.of(place)) if (old.deploymentId !== plan.deploymentId && old.state !== 'starting' && old.state !== 'checking') void this.#retire(old, old.deploymentId === previousId)
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
    for (const one of kept) void this.#setDraining(one)
    setTimeout(() => {
      // Taken back, it serves again.
      for (const one of kept) if (this.instances.get(one.id)?.state === 'draining' && this.get(place)?.plan.deploymentId !== one.deploymentId) void this.#retire(one, false)
    }, watchMs).unref()
  }

  #require(at: At): Place {
    const place = this.get(at)
    if (!place) throw new PlatformError('not_found', 'it was never deployed here', { fix: 'Deploy it first.' })
    return place
  }

  #serving(place: Place): Running[] {
    return this.instances.of(place).filter((one) => one.deploymentId === place.plan.deploymentId && one.state === 'live')
  }

  async #save(place: Place): Promise<void> {
    await this.#parts.db.update(releases).set({ wanted: place.wanted, crashing: place.crashing, updatedAt: Date.now() })
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

  /** No new calls; those under way may finish, then it ends (for a watched switch: when the watch is over). */
  async #retire(one: Running, kept: boolean): Promise<void> {
    await this.#setDraining(one)
    await this.#drain(one, { callsMs: drainMs, socketsMs })
    const place = this.get(one)
    // A revert may have made it the serving one again.
    if (kept && place?.watch?.previousId === one.deploymentId) return
    if (this.instances.get(one.id)?.state === 'draining') await this.instances.stop(one.id, stopMs)
  }

  /** Nobody waits for it, so that it waits for a database that is away. */
  async #setDraining(one: Running): Promise<void> {
    for (;;) {
      try {
        return await this.instances.setState(one, 'draining')
      } catch (error) {
        if (outageOf(error) === undefined) return this.#parts.log.error({ err: error, instance: one.id }, 'that an instance drains could not be written down')
      }
      await delay(500)
      // A revert may have made it the serving one again.
      if (one.state !== 'draining') return
    }
  }

  async #drain(one: Running, { callsMs, socketsMs }: { callsMs: number; socketsMs: number }): Promise<void> {
    await this.#parts.gateway
      .call('instances.drain', { instanceId: one.id, timeoutMs: callsMs, closeSocketsAfterMs: socketsMs }, { timeoutMs: callsMs + socketsMs + 5_000 })
      .catch(() => {}) // the gateway is away: then nothing is under way either
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
    for (const one of this.instances.of(place)) if (one.deploymentId === previousId && one.state === 'draining') void this.#retire(one, false)
    this.#parts.events.emit({ type: 'service', teamId: place.teamId, serviceId: place.serviceId, environmentId: place.environmentId })
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
      else if (place?.plan.deploymentId !== one.deploymentId || one.state === 'draining' || place.wanted === 'stopped' || place.crashing !== null) void this.#retire(one, place?.watch?.previousId === one.deploymentId)
    }
    await Promise.all(unready.map((one) => this.instances.stop(one.id, 0)))
  }
}

export function describeExit(exit: Exit): string {
  if (exit.oom) return 'used more memory than its limit and was ended'
  if (exit.signal) return `was ended by ${exit.signal}`
  return exit.exitCode === null ? 'ended, nobody could see how' : `exited with code ${exit.exitCode}`
}
