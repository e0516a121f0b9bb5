import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { eq, ne, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Routed, RoutingChange } from '#contract/routing.ts'
import { given, once } from '#db/once.ts'
import type { Db, Transaction } from '#db/open.ts'
import { deployments, instances as table } from '#db/schema.ts'
import type { Exit, Placement, PortOwner } from '../engines/engine.ts'
import type { Platform } from '../platform.ts'
import { sha256 } from '../tokens/tokens.ts'
import { type At, placeKey } from './place.ts'
import { type Plan, readPlan } from './plan.ts'
import { Spares } from './spares.ts'
import { outputOf, revisionOf, type Seat, specOf, takeSeat } from './spec.ts'

/** A running copy, as the runtime has it in mind; its row in the database says the same. */
export interface Running {
  id: string
  deploymentId: string
  serviceId: string
  environmentId: string
  teamId: string
  commit: string
  revision: string
  state: 'starting' | 'checking' | 'live' | 'draining'
  placement: Placement
  startedAt: number
  restarts: number
  /** Resolves when it has ended, whoever ended it. */
  ended: Promise<Exit>
  /** Its row is written: nothing is said of it in the database before. */
  recorded: Promise<unknown>
  /** Resolves when it says that it listens; it may be wrong, or say nothing. */
  listens?: Promise<void>
  /** Whether who answers on its port is this instance. */
  portOwner: () => Promise<PortOwner>
  /** Ports on which it listens itself. */
  ports: () => Promise<number[]>
}

type Parts = Pick<Platform, 'db' | 'seal' | 'builds' | 'engine' | 'logs' | 'routing' | 'settings' | 'log'>

const become = once((db) =>
  db
    .update(table)
    .set({ state: given('state', table.state) })
    .where(eq(table.id, sql.placeholder('id')))
    .prepare('instance_becomes'),
)

/** Starts, knows and ends instances. Which should run is for others to say (places.ts). */
export class Instances {
  readonly #parts: Parts
  readonly spares: Spares
  readonly #running = new Map<string, Running>()
  /** The same by their place: there are hundreds, of thousands of places. */
  readonly #placed = new Map<string, Set<Running>>()
  readonly #starting = new Map<string, Promise<Running>>()
  /** One for each that was asked for and is not among the running yet. */
  readonly #rising = new Set<{ deploymentId: string }>()
  readonly #waiting = new Map<string, (exit: Exit) => void>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.spares = new Spares(parts, (teamId) => this.#portsOf(teamId))
  }

  get(id: string): Running | undefined {
    return this.#running.get(id)
  }

  of(place: At): Running[] {
    return [...(this.#placed.get(placeKey(place)) ?? [])]
  }

  /** How many of a deployment were asked for and are not among those {@link of} its place yet. */
  risingOf(deploymentId: string): number {
    return [...this.#rising].filter((one) => one.deploymentId === deploymentId).length
  }

  all(): Running[] {
    return [...this.#running.values()]
  }

  /** Those too that are just being started; from then on none is. */
  async stopAll(graceMs: number): Promise<void> {
    this.#closed = true
    const starting = [...this.#starting.values()].map((one) =>
      one.then(
        ({ id }) => this.stop(id, graceMs),
        () => {},
      ),
    )
    await Promise.all([this.spares.dropAll(), ...this.all().map((one) => this.stop(one.id, graceMs)), ...starting])
  }
  #closed = false

  /** Starts one; it is not ready yet. A spare that does not take the plan after all is replaced by one started from nothing. */
  async start(plan: Plan, restarts = 0): Promise<Running> {
    const rising = { deploymentId: plan.deploymentId }
    this.#rising.add(rising)
    try {
      return await this.#start(plan, restarts, () => this.#rising.delete(rising))
    } finally {
      this.#rising.delete(rising)
    }
  }

  async #start(plan: Plan, restarts: number, risen: () => void): Promise<Running> {
    const spare = restarts === 0 ? await this.spares.take(plan) : undefined
    const seat = spare?.seat ?? (await takeSeat(this.#parts, plan, this.#portsOf(plan.teamId)))
    if (this.#closed) throw new PlatformError('unavailable', 'the platform is being stopped')
    const starting = this.#begin({ plan, seat, waiting: spare?.placement, restarts, risen })
    this.#starting.set(seat.id, starting)
    try {
      return await starting
    } catch (error) {
      if (!spare) throw error
      this.#parts.log.warn({ err: error, instance: seat.id }, 'an instance that waited did not take its deployment')
    } finally {
      this.#starting.delete(seat.id)
    }
    return this.#start(plan, restarts, risen)
  }

  /** A runtime killed before the row is written ends, when it starts again, what it does not know. */
  async #begin({
    plan,
    seat,
    waiting,
    restarts,
    risen,
  }: {
    plan: Plan
    seat: Seat
    waiting: Placement | undefined
    restarts: number
    risen: () => void
  }): Promise<Running> {
    const { db, engine, routing } = this.#parts
    const { id, key, address, gatewayAddress } = seat
    const startedAt = Date.now()
    const ended = this.#expectEnd(id)
    try {
      const spec = await specOf(this.#parts, plan, seat)
      const [{ placement, listens }] = await Promise.all([
        waiting
          ? engine
              .release(id, { ...spec, env: revisionOf(plan) })
              .then(({ listens }) => ({ placement: waiting, listens }))
          : engine.start(spec).then((placement) => ({ placement, listens: undefined })),
        routing.apply({
          callers: { [id]: this.#caller(plan, id, sha256(key), address) },
          listeners: this.#listenersAt(plan.teamId, gatewayAddress),
        }),
      ])
      const { deploymentId, serviceId, environmentId, teamId, commit } = plan
      const recorded = db
        .insert(table)
        .values({
          id,
          deploymentId,
          serviceId,
          environmentId,
          teamId,
          state: 'starting',
          keyHash: sha256(key),
          address: placement.address,
          port: placement.port,
          pid: placement.pid,
          startedAt,
          restarts,
        })
        .then(() => {})
      recorded.catch(() => {}) // seen by whoever records what it becomes
      const running: Running = {
        id,
        deploymentId,
        serviceId,
        environmentId,
        teamId,
        commit,
        revision: commit.slice(0, 7),
        state: 'starting',
        placement,
        startedAt,
        restarts,
        ended,
        recorded,
        ...this.#portsAt(placement),
        ...(listens && { listens }),
      }
      await this.#attach(running, plan)
      this.#add(running)
      risen()
      return running
    } catch (error) {
      this.#waiting.delete(id)
      await engine.remove(id).catch(() => {})
      await this.#forget(id, null)
      throw error
    }
  }

  #add(running: Running): void {
    this.#running.set(running.id, running)
    const key = placeKey(running)
    this.#placed.set(key, (this.#placed.get(key) ?? new Set()).add(running))
  }

  #remove(running: Running): void {
    this.#running.delete(running.id)
    const key = placeKey(running)
    const others = this.#placed.get(key)
    others?.delete(running)
    if (others?.size === 0) this.#placed.delete(key)
  }

  async setState(running: Running, state: Running['state'], tx: Db | Transaction = this.#parts.db): Promise<void> {
    running.state = state
    await running.recorded
    await become(tx).execute({ id: running.id, state })
  }

  /** Asks it to end, then ends it; resolves when it is gone and its last line is stored. */
  async stop(id: string, graceMs: number): Promise<void> {
    const ended = this.#running.get(id)?.ended
    await this.#parts.engine.stop(id, { graceMs })
    await ended
  }

  /** After a restart of the runtime: what lives on is taken over, what ended meanwhile is written down, what nobody owns is ended. */
  async adopt(plan: (deploymentId: string) => Promise<Plan>): Promise<void> {
    const { db, engine, log } = this.#parts
    const rows = await db.select().from(table).where(ne(table.state, 'ended'))
    const alive = new Map(engine.list().map((placement) => [placement.id, placement]))
    const callers: Record<string, Routed['callers']> = {}
    const listeners: RoutingChange['listeners'] = {}
    const unread = new Set<string>()
    for (const row of rows) {
      const placement = alive.get(row.id)
      if (!placement && !(await this.#drainDead(row))) unread.add(row.id)
      const known =
        placement &&
        (await plan(row.deploymentId).catch((error: unknown) =>
          log.warn({ err: error, instance: row.id }, 'an instance whose deployment cannot be read is ended'),
        ))
      if (!placement || !known) {
        await this.#forget(row.id, null)
        continue
      }
      const running: Running = {
        id: row.id,
        deploymentId: row.deploymentId,
        serviceId: row.serviceId,
        environmentId: row.environmentId,
        teamId: row.teamId,
        commit: known.commit,
        revision: known.commit.slice(0, 7),
        state: row.state === 'ended' ? 'live' : row.state,
        placement,
        startedAt: row.startedAt,
        restarts: row.restarts,
        ended: this.#expectEnd(row.id),
        recorded: Promise.resolve(),
        ...this.#portsAt(placement),
      }
      this.#add(running)
      callers[row.id] = this.#caller(known, row.id, row.keyHash, placement.address)
      Object.assign(listeners, this.#listenersAt(row.teamId, placement.gatewayAddress))
      await this.#attach(running, known)
    }
    await this.#parts.routing.apply({ callers, listeners })
    await engine.keepOnly(new Set(this.#running.keys()))
    await this.#sweepOutput((id) => this.#running.has(id) || unread.has(id))
  }

  /** Of instances whose lines are stored, and of those that were ended before anybody knew of them. */
  async #sweepOutput(isKept: (id: string) => boolean): Promise<void> {
    const { home } = this.#parts.settings
    const left = (await readdir(outputOf(home, '')).catch(() => [])).filter((id) => !isKept(id))
    await Promise.all(left.map((id) => rm(outputOf(home, id), { recursive: true, force: true })))
  }

  /** The engine says that it has ended. Resolves `ended` once its last lines are stored. */
  async noteExit(exit: Exit): Promise<Running | undefined> {
    await this.#starting.get(exit.id)?.catch(() => {})
    const running = this.#running.get(exit.id)
    if (!running) return void this.spares.noteEnd(exit.id)
    this.#remove(running)
    await this.#parts.logs
      .detach(exit.id, { drain: true })
      .catch((error: unknown) =>
        this.#parts.log.error({ err: error }, 'the last lines of an instance could not be stored'),
      )
    await running.recorded.catch(() => {})
    await this.#forget(exit.id, exit)
    await rm(outputOf(this.#parts.settings.home, exit.id), { recursive: true, force: true })
    await this.#parts.engine
      .remove(exit.id)
      .catch((error: unknown) =>
        this.#parts.log.warn({ err: error, instance: exit.id }, 'what an instance left could not be removed'),
      )
    this.#waiting.get(exit.id)?.(exit)
    this.#waiting.delete(exit.id)
    return running
  }

  /** It ended while no runtime lived: its last lines are still in its files. False when they could not be stored. */
  async #drainDead({
    id,
    serviceId,
    environmentId,
    deploymentId,
  }: {
    id: string
    serviceId: string
    environmentId: string
    deploymentId: string
  }): Promise<boolean> {
    const { logs, log, settings } = this.#parts
    const folder = outputOf(settings.home, id)
    try {
      const [deployment] = await this.#parts.db
        .select({ commit: deployments.commit })
        .from(deployments)
        .where(eq(deployments.id, deploymentId))
      await logs.attach({
        instanceId: id,
        serviceId,
        environmentId,
        revision: deployment?.commit.slice(0, 7) ?? null,
        files: { stdout: join(folder, 'stdout.log'), stderr: join(folder, 'stderr.log') },
        mask: await this.#secretsOf(deploymentId),
      })
      await logs.detach(id, { drain: true })
      await rm(folder, { recursive: true, force: true })
      return true
    } catch (error) {
      log.error({ err: error, instance: id }, 'the last lines of an instance that ended meanwhile could not be stored')
      return false
    }
  }

  async #secretsOf(deploymentId: string): Promise<string[]> {
    const plan = await readPlan(this.#parts, deploymentId)
    return Object.values(plan.values).flatMap(({ secret, value }) => (secret ? [value] : []))
  }

  #portsOf(teamId: string): number[] {
    return this.all()
      .filter((one) => one.teamId === teamId)
      .map((one) => one.placement.port)
  }

  #expectEnd(id: string): Promise<Exit> {
    const { promise, resolve } = Promise.withResolvers<Exit>()
    this.#waiting.set(id, resolve)
    return promise
  }

  async #forget(id: string, exit: Exit | null): Promise<void> {
    await this.#parts.routing.apply({ callers: { [id]: null } })
    await this.#parts.db
      .update(table)
      .set({
        state: 'ended',
        endedAt: exit?.at ?? Date.now(),
        exitCode: exit?.exitCode ?? null,
        signal: exit?.signal ?? null,
      })
      .where(eq(table.id, id))
  }

  #portsAt({ id, port }: Placement): Pick<Running, 'portOwner' | 'ports'> {
    return { portOwner: () => this.#parts.engine.portOwner(id, port), ports: () => this.#parts.engine.portsOf(id) }
  }

  /** Those of earlier versions have an address for each team. Without networks of services, the gateway's usual address serves. */
  #listenersAt(teamId: string, address: string): NonNullable<RoutingChange['listeners']> {
    const { gatewayHost, gatewayPort: port } = this.#parts.settings
    return address === gatewayHost ? {} : { [address]: { teamId, address, port } }
  }

  #caller(plan: Plan, instanceId: string, key: string, from: string): Routed['callers'] {
    return {
      instanceId,
      key,
      serviceId: plan.serviceId,
      environmentId: plan.environmentId,
      teamId: plan.teamId,
      from,
      overlay: plan.overlay,
    }
  }

  #attach(running: Running, plan: Plan): Promise<void> {
    return this.#parts.logs.attach({
      instanceId: running.id,
      serviceId: running.serviceId,
      environmentId: running.environmentId,
      revision: running.revision,
      files: running.placement.logs,
      mask: Object.values(plan.values).flatMap(({ secret, value }) => (secret ? [value] : [])),
    })
  }
}
