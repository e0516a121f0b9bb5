import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { eq, ne } from 'drizzle-orm'
import { newId } from '#contract/ids.ts'
import type { Routed } from '#contract/routing.ts'
import { deployments, instances as table } from '#db/schema.ts'
import type { Exit, InstanceSpec, Placement } from '../engines/engine.ts'
import type { Platform } from '../platform.ts'
import { sha256 } from '../tokens/tokens.ts'
import { type Plan, readPlan } from './plan.ts'
import { freePort } from './port.ts'

/** A running copy, as the runtime has it in mind; its row in the database says the same. */
export interface Running {
  id: string
  deploymentId: string
  serviceId: string
  environmentId: string
  teamId: string
  revision: string
  state: 'starting' | 'checking' | 'live' | 'draining'
  placement: Placement
  startedAt: number
  restarts: number
  /** Resolves when it has ended, whoever ended it. */
  ended: Promise<Exit>
}

type Parts = Pick<Platform, 'db' | 'seal' | 'builds' | 'engine' | 'logs' | 'routing' | 'settings' | 'log'>

/** Starts, knows and ends instances. Which should run is for others to say (places.ts). */
export class Instances {
  readonly #parts: Parts
  readonly #running = new Map<string, Running>()
  readonly #waiting = new Map<string, (exit: Exit) => void>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get(id: string): Running | undefined {
    return this.#running.get(id)
  }

  of(place: { serviceId: string; environmentId: string }): Running[] {
    return [...this.#running.values()].filter((one) => one.serviceId === place.serviceId && one.environmentId === place.environmentId)
  }

  all(): Running[] {
    return [...this.#running.values()]
  }

  /** Starts one; it is not ready yet. The row is written first, so that a runtime killed now ends what it started. */
  async start(plan: Plan, restarts = 0): Promise<Running> {
    const { db, engine, logs, routing, settings } = this.#parts
    const id = newId('instance')
    const key = randomBytes(16).toString('base64url')
    const network = await engine.prepareTeam(plan.teamId)
    const port = await freePort(this.all().filter((one) => one.teamId === plan.teamId).map((one) => one.placement.port), network.instanceAddress)
    const startedAt = Date.now()
    await db.insert(table).values({
      id, deploymentId: plan.deploymentId, serviceId: plan.serviceId, environmentId: plan.environmentId, teamId: plan.teamId, state: 'starting',
      keyHash: sha256(key), address: network.instanceAddress, port, startedAt, restarts,
    })
    const waits = this.#expectEnd(id)
    const [placement] = await Promise.all([
      engine.start(await this.#spec(plan, { id, port, gateway: `http://${network.gatewayAddress}:${settings.gatewayPort}/~${key}`, address: network.instanceAddress })),
      routing.apply({
        callers: { [id]: this.#caller(plan, id, sha256(key), network.instanceAddress) },
        // Without a network of its own, the gateway's usual address serves.
        ...(network.gatewayAddress !== settings.gatewayHost && {
          listeners: { [plan.teamId]: { teamId: plan.teamId, address: network.gatewayAddress, port: settings.gatewayPort } },
        }),
      }),
    ]).catch(async (error: unknown) => {
      this.#waiting.delete(id)
      await engine.remove(id).catch(() => {})
      await this.#forget(id, null)
      throw error
    })
    const running: Running = {
      id, deploymentId: plan.deploymentId, serviceId: plan.serviceId, environmentId: plan.environmentId, teamId: plan.teamId,
      revision: plan.commit.slice(0, 7), state: 'starting', placement, startedAt, restarts, ended: waits,
    }
    this.#running.set(id, running)
    await Promise.all([
      db.update(table).set({ pid: placement.pid, address: placement.address, port: placement.port }).where(eq(table.id, id)),
      this.#attach(running, plan),
    ])
    return running
  }

  async setState(running: Running, state: Running['state']): Promise<void> {
    running.state = state
    await this.#parts.db.update(table).set({ state }).where(eq(table.id, running.id))
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
    for (const row of rows) {
      const placement = alive.get(row.id)
      if (!placement) await this.#drainDead(row)
      const known = placement && (await plan(row.deploymentId).catch((error: unknown) => void log.warn({ err: error, instance: row.id }, 'an instance whose deployment cannot be read is ended')))
      if (!placement || !known) {
        await this.#forget(row.id, null)
        continue
      }
      const running: Running = {
        id: row.id, deploymentId: row.deploymentId, serviceId: row.serviceId, environmentId: row.environmentId, teamId: row.teamId,
        revision: known.commit.slice(0, 7), state: row.state === 'ended' ? 'live' : row.state, placement, startedAt: row.startedAt,
        restarts: row.restarts, ended: this.#expectEnd(row.id),
      }
      this.#running.set(row.id, running)
      callers[row.id] = this.#caller(known, row.id, row.keyHash, placement.address)
      const network = await engine.prepareTeam(row.teamId)
      await this.#attach(running, known)
      if (network.gatewayAddress !== this.#parts.settings.gatewayHost) {
        await this.#parts.routing.apply({ listeners: { [row.teamId]: { teamId: row.teamId, address: network.gatewayAddress, port: this.#parts.settings.gatewayPort } } })
      }
    }
    await this.#parts.routing.apply({ callers })
    await engine.keepOnly(new Set(this.#running.keys()))
  }

  /** The engine says that it has ended. Resolves `ended` once its last lines are stored. */
  async noteExit(exit: Exit): Promise<Running | undefined> {
    const running = this.#running.get(exit.id)
    if (!running) return undefined
    this.#running.delete(exit.id)
    await this.#parts.logs.detach(exit.id, { drain: true }).catch((error: unknown) => this.#parts.log.error({ err: error }, 'the last lines of an instance could not be stored'))
    await this.#forget(exit.id, exit)
    await rm(this.#outputOf(exit.id), { recursive: true, force: true })
    await this.#parts.engine.remove(exit.id).catch((error: unknown) => this.#parts.log.warn({ err: error, instance: exit.id }, 'what an instance left could not be removed'))
    this.#waiting.get(exit.id)?.(exit)
    this.#waiting.delete(exit.id)
    return running
  }

  /** It ended while no runtime lived: its last lines are still in its files. */
  async #drainDead({ id, serviceId, environmentId, deploymentId }: { id: string; serviceId: string; environmentId: string; deploymentId: string }): Promise<void> {
    const { logs, log } = this.#parts
    const folder = this.#outputOf(id)
    try {
      const [deployment] = await this.#parts.db.select({ commit: deployments.commit }).from(deployments).where(eq(deployments.id, deploymentId))
      await logs.attach({
        instanceId: id, serviceId, environmentId, revision: deployment?.commit.slice(0, 7) ?? null,
        files: { stdout: join(folder, 'stdout.log'), stderr: join(folder, 'stderr.log') }, mask: await this.#secretsOf(deploymentId),
      })
      await logs.detach(id, { drain: true })
      await rm(folder, { recursive: true, force: true })
    } catch (error) {
      log.error({ err: error, instance: id }, 'the last lines of an instance that ended meanwhile could not be stored')
    }
  }

  async #secretsOf(deploymentId: string): Promise<string[]> {
    const plan = await readPlan(this.#parts, deploymentId)
    return Object.values(plan.values).flatMap(({ secret, value }) => (secret ? [value] : []))
  }

  #outputOf(id: string): string {
    return join(this.#parts.settings.home, 'output', id)
  }

  #expectEnd(id: string): Promise<Exit> {
    const { promise, resolve } = Promise.withResolvers<Exit>()
    this.#waiting.set(id, resolve)
    return promise
  }

  async #forget(id: string, exit: Exit | null): Promise<void> {
    await this.#parts.routing.apply({ callers: { [id]: null } })
    await this.#parts.db.update(table)
      .set({ state: 'ended', endedAt: exit?.at ?? Date.now(), exitCode: exit?.exitCode ?? null, signal: exit?.signal ?? null })
      .where(eq(table.id, id))
  }

  #caller(plan: Plan, instanceId: string, key: string, from: string): Routed['callers'] {
    return { instanceId, key, serviceId: plan.serviceId, environmentId: plan.environmentId, teamId: plan.teamId, from, overlay: plan.overlay }
  }

  #attach(running: Running, plan: Plan): Promise<void> {
    return this.#parts.logs.attach({
      instanceId: running.id, serviceId: running.serviceId, environmentId: running.environmentId, revision: running.revision,
      files: running.placement.logs, mask: Object.values(plan.values).flatMap(({ secret, value }) => (secret ? [value] : [])),
    })
  }

  async #spec(plan: Plan, at: { id: string; port: number; gateway: string; address: string }): Promise<InstanceSpec> {
    const { home } = this.#parts.settings
    const dataDir = join(home, 'data', plan.serviceId, plan.environmentId)
    if (plan.keepsData) await mkdir(dataDir, { recursive: true, mode: 0o700 })
    return {
      id: at.id,
      teamId: plan.teamId,
      serviceId: plan.serviceId,
      environmentId: plan.environmentId,
      name: plan.service,
      sourceDir: plan.build.sourceDir,
      ...(plan.build.modulesDir !== undefined && { modulesDir: plan.build.modulesDir }),
      ...(plan.build.platformDir !== undefined && { platformDir: plan.build.platformDir }),
      ...(plan.keepsData && { dataDir }),
      ...(plan.build.binds !== undefined && { binds: plan.build.binds }),
      command: plan.build.command,
      env: {
        ...plan.build.env,
        ...Object.fromEntries(Object.entries(plan.values).map(([name, { value }]) => [name, value])),
        PORT: String(at.port),
        HOST: at.address,
        M3O_SERVICE: plan.service,
        M3O_ENVIRONMENT: plan.environment,
        M3O_TEAM: plan.team,
        M3O_REVISION: plan.commit.slice(0, 7),
        M3O_INSTANCE: at.id,
        M3O_GATEWAY: at.gateway,
        ...(plan.keepsData && { M3O_DATA: '/data' }),
      },
      port: at.port,
      limits: { memoryMiB: plan.settings.memoryMiB, cpu: plan.settings.cpu, pids: plan.build.pids },
      logDir: this.#outputOf(at.id),
    }
  }
}
