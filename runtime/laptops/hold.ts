import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Endpoint } from '#contract/endpoints.ts'
import { isPlatformError, type PlatformError } from '#contract/errors.ts'
import { laptopRevision } from '#contract/laptop-sockets.ts'
import { spokenLaptop } from '#contract/laptop-names.ts'
import type { ToLaptop } from '#contract/laptops.ts'
import type { Laptop, Person } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import type { gatewayApi } from '#contract/gateway-api.ts'
import { audited } from '../audit/audit.ts'
import type { At } from '../instances/place.ts'
import { outputOf } from '../instances/spec.ts'
import type { Platform } from '../platform.ts'
import { sha256 } from '../tokens/tokens.ts'
import { environmentsOfSecrets, holdsSecrets, secretRows } from '../variables/held-secrets.ts'
import type { Values } from '../variables/variables.ts'
import { forgetMark, writeMark } from './left-behind.ts'

export type Parts = Pick<Platform, 'db' | 'log' | 'logs' | 'routing' | 'events' | 'settings' | 'seal'> & {
  gateway: Pick<RpcClient<typeof gatewayApi>, 'call'>
}

/** Whose laptop holds which place, under what name. */
export interface Holding {
  instance: string
  key: string
  person: Person
  actor: Actor
  serviceId: string
  environmentId: string
  teamId: string
  service: string
  environment: string
  /** The environment has a parent, so its calls must stay in it. */
  overlay: boolean
  /** Names of the secrets that leave the platform with it. */
  secrets: readonly string[]
  /** Secret values, never to be stored. */
  mask: readonly string[]
  /** What it was given. */
  values: Values
}

/** Calls under way to a process that was replaced may finish, its sockets are told to come again: there is new code to see. */
const drainMs = 30_000
const socketsMs = 2_000
/** What was written last is still on its way when the connection ends. */
const outputMs = 1_000

/** One laptop's hold on a place, from when it is taken until it is let go. What is done to it is done in order. */
export class Hold {
  readonly holding: Holding
  /** When its first process took over; null while none serves. */
  since: number | null = null
  /** What its process says that it answers; null while it has said nothing. */
  endpoints: readonly Endpoint[] | null = null
  /** Deployments beneath it of which was told. */
  readonly noted = new Set<string>()
  /** Resolves once nothing of it is left. */
  readonly over: Promise<void>
  readonly #parts: Parts
  readonly #over = Promise.withResolvers<void>()
  readonly #outputs = new Set<Promise<void>>()
  readonly #unsaid: ToLaptop[] = []
  #listener: ((message: ToLaptop) => void) | undefined
  #run = 0
  #ending = false
  #doing: Promise<void> = Promise.resolve()

  constructor(parts: Parts, holding: Holding) {
    this.#parts = parts
    this.holding = holding
    this.over = this.#over.promise
  }

  get key(): string {
    return `${this.holding.environmentId}/${this.holding.serviceId}`
  }

  get spoken(): string {
    return spokenLaptop(this.holding.person)
  }

  /** Null while what is beneath serves. */
  get laptop(): Laptop | null {
    return this.since === null || this.#ending
      ? null
      : { by: this.holding.person, since: this.since, instance: this.holding.instance }
  }

  /** Who holds the laptop's connection hears all that was said, and is to be said. */
  listen(listener: (message: ToLaptop) => void): void {
    this.#listener = listener
    for (const message of this.#unsaid.splice(0)) listener(message)
  }

  say(message: ToLaptop): void {
    if (this.#listener) this.#listener(message)
    else this.#unsaid.push(message)
  }

  /** From then on it may call others, what it says is stored, and it is in the audit log. */
  begin(takenFrom: string | null): Promise<void> {
    return this.#inTurn(async () => {
      const { db, logs, routing, settings } = this.#parts
      const { instance, key, serviceId, environmentId, teamId, overlay, service, environment, actor, mask, secrets } =
        this.holding
      const change = {
        teamId,
        action: 'laptop.take',
        target: `service ${service}`,
        after: {
          environment,
          instance,
          ...(secrets.length > 0 && { secrets }),
          ...(takenFrom !== null && { takenFrom }),
        },
      }
      await audited(db, actor, change, () => writeMark(settings.home, this.holding))
      await mkdir(outputOf(settings.home, instance), { recursive: true, mode: 0o700 })
      await logs.attach({
        instanceId: instance,
        serviceId,
        environmentId,
        revision: laptopRevision,
        mask,
        files: { stdout: this.#fileOf('stdout'), stderr: this.#fileOf('stderr') },
      })
      if (this.#ending) return
      await routing.apply({
        callers: {
          [instance]: { instanceId: instance, key: sha256(key), serviceId, environmentId, teamId, from: '', overlay },
        },
      })
    })
  }

  /** A process of it takes over: from what is beneath, or from the run before. */
  serve(run: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#ending || run <= this.#run) return
      const before = this.since === null ? 0 : this.#run
      this.#run = run
      const { serviceId, environmentId, instance } = this.holding
      await this.#parts.routing.apply({
        laptops: {
          [this.key]: {
            serviceId,
            environmentId,
            instanceId: instance,
            run,
            by: this.spoken,
            ...(await this.#secretsOf()),
          },
        },
      })
      this.say({ type: 'switched', run })
      if (before > 0) return this.#drain(before)
      this.since = Date.now()
      this.#changed()
      await this.note(`${this.spoken} now runs this service here`)
    })
  }

  /** A secret of the service was set, marked, or deleted. */
  reviewSecrets(): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#parts.routing.table.laptops[this.key]
      if (known?.instanceId !== this.holding.instance) return
      const { secretsOf: _, ...laptop } = known
      await this.#parts.routing.apply({ laptops: { [this.key]: { ...laptop, ...(await this.#secretsOf()) } } })
    })
  }

  async #secretsOf(): Promise<{ secretsOf?: string[] }> {
    if (!holdsSecrets(this.holding.values)) return {}
    const { serviceId } = this.holding
    return {
      secretsOf: environmentsOfSecrets(
        this.#parts,
        this.holding,
        (await secretRows(this.#parts.db, [serviceId])).get(serviceId),
      ),
    }
  }

  /** For the catalogue, forms and flags: what is developed is more than what is deployed. */
  describe(run: number, endpoints: readonly Endpoint[]): void {
    if (run !== this.#run || this.#ending) return
    this.endpoints = endpoints
    this.#changed()
  }

  /** None of its processes runs: what is beneath serves, until another is ready. */
  stop(why: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#ending || this.since === null) return
      this.since = null
      await this.#parts.routing.apply({ laptops: { [this.key]: null } })
      this.#changed()
      await this.note(`the service on ${this.spoken} ${why}; ${this.#beneath()}`, 'warn')
    })
  }

  /** Lets go of the place. `error` tells the laptop not to come back. */
  end(why: string, error?: PlatformError): Promise<void> {
    if (this.#ending) return this.over
    const served = this.since !== null
    this.#ending = true
    if (error) this.say({ type: 'ended', error: error.toJSON() })
    // A change of routes is made in the same moment: calls fall through at once.
    const routed = this.#parts.routing.apply({
      laptops: { [this.key]: null },
      callers: { [this.holding.instance]: null },
    })
    void this.#inTurn(() => this.#leave(why, served, routed)).finally(this.#over.resolve)
    return this.over
  }

  /** Stores what its process says. Resolves at the end of it. */
  output(stream: 'stdout' | 'stderr', bytes: Readable): Promise<void> {
    const storing = pipeline(bytes, createWriteStream(this.#fileOf(stream), { flags: 'a', mode: 0o600 })).catch(
      () => {},
    )
    this.#outputs.add(storing)
    return storing.finally(() => this.#outputs.delete(storing))
  }

  /** In the service's log. */
  async note(text: string, level: 'info' | 'warn' = 'info'): Promise<void> {
    const { instance } = this.holding
    await this.#parts.logs
      .append(this.holding, { stream: 'platform', level, text, revision: laptopRevision, instanceId: instance })
      .catch((error: unknown) => {
        // Nobody reads the log of a service or an environment that was deleted meanwhile.
        if (isPlatformError(error) && error.code === 'not_found') return
        this.#parts.log.error({ err: error, instance }, 'a line about a laptop could not be stored')
      })
  }

  async #leave(why: string, served: boolean, routed: Promise<void>): Promise<void> {
    const { db, logs, log, settings } = this.#parts
    const { instance, teamId, service, environment, actor } = this.holding
    try {
      await routed
      this.#changed()
      if (served) await this.note(`${this.spoken} no longer runs this service here: ${why}; ${this.#beneath()}`, 'warn')
      await Promise.race([Promise.all(this.#outputs), new Promise((resolve) => setTimeout(resolve, outputMs))])
      await logs.detach(instance, { drain: true })
      await rm(outputOf(settings.home, instance), { recursive: true, force: true })
      await audited(
        db,
        actor,
        { teamId, action: 'laptop.release', target: `service ${service}`, after: { environment, instance, why } },
        async () => {},
      )
      await forgetMark(settings.home, instance)
    } catch (error) {
      log.error({ err: error, instance }, 'what a laptop left could not be cleared away')
    }
  }

  #drain(run: number): void {
    const instanceId = `${this.holding.instance}.${run}`
    this.#parts.gateway
      .call(
        'instances.drain',
        { instanceId, timeoutMs: drainMs, closeSocketsAfterMs: socketsMs },
        { timeoutMs: drainMs + 5_000 },
      )
      .catch(() => {}) // the gateway is away: then nothing is under way either
      .finally(() => this.say({ type: 'idle', run }))
  }

  #changed(): void {
    const { teamId, serviceId, environmentId } = this.holding
    this.#parts.events.emit({ type: 'service', teamId, serviceId, environmentId })
    this.#parts.events.emit({ type: 'environment', teamId, environmentId })
  }

  #beneath(): string {
    const found = beneath(this.#parts, this.holding)
    return found === null ? 'no revision is deployed' : `${found} is live again`
  }

  #fileOf(stream: 'stdout' | 'stderr'): string {
    return join(outputOf(this.#parts.settings.home, this.holding.instance), `${stream}.log`)
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#doing.then(work)
    this.#doing = done.catch(() => {})
    return done
  }
}

/** What is deployed where the laptop stands: its own revision there, or the one inherited. */
export function beneath({ routing }: Pick<Platform, 'routing'>, { serviceId, environmentId }: At): string | null {
  const { environments, releases } = routing.table
  for (
    let at = environments[environmentId], depth = 0;
    at && depth < 9;
    at = at.parentId === null ? undefined : environments[at.parentId], depth++
  ) {
    const release = releases[`${at.id}/${serviceId}`]
    if (release) return at.id === environmentId ? release.revision : `${release.revision} of ${at.name}`
  }
  return null
}
