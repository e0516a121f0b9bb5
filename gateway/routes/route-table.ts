import { PlatformError } from '#contract/errors.ts'
import { laptopRevision, laptopSocket } from '#contract/laptop-sockets.ts'
import { keeperOf } from '#contract/overlay-secrets.ts'
import { type Routed, type RoutedKind, type RoutingChange, type RoutingTable, routed } from '#contract/routing.ts'
import { Generations } from './generations.ts'
import { NameIndex } from './name-index.ts'
import { Overlays } from './overlays.ts'
import type { Caller, Environment, Release, Resolution, Service, Team, Token } from './entities.ts'

const kinds = Object.keys(routed) as RoutedKind[]
type Entities = { [K in RoutedKind]: Map<string, Routed[K]> }

/** What the gateway knows, kept so that a request costs a handful of look-ups and a change only what it touches. */
export class RouteTable {
  version = 0
  epoch = ''
  /** How often it has become another one. */
  changes = 0
  private entities = empty()
  private teams = new NameIndex<Team>(() => '')
  private services = new NameIndex<Service>((service) => service.teamId)
  private environments = new NameIndex<Environment>((environment) => environment.teamId)
  private callersByKey = new Map<string, Caller>()
  private tokensByHash = new Map<string, Token>()
  private roots = new Map<string, Environment>()
  private instances = new Map<string, Release>()
  private readonly overlays = new Overlays((id) => this.entities.environments.get(id))
  private readonly generations = new Generations()
  private readonly listeners = new Set<() => void>()

  replace(table: RoutingTable): void {
    this.entities = empty()
    this.teams = new NameIndex(() => '')
    this.services = new NameIndex((service) => service.teamId)
    this.environments = new NameIndex((environment) => environment.teamId)
    for (const map of [this.callersByKey, this.tokensByHash, this.roots, this.instances]) map.clear()
    this.generations.clear()
    this.overlays.clear()
    this.set(table)
    this.settle(table)
  }

  /** All of it or, as `conflict`, nothing. */
  apply(change: RoutingChange): void {
    if (change.epoch !== this.epoch || change.version !== this.version + 1) {
      throw new PlatformError(
        'conflict',
        `the change ${change.version} does not follow the routing table ${this.version}`,
      )
    }
    this.generations.note(change, this.entities)
    this.set(change)
    this.settle(change)
  }

  snapshot(): RoutingTable {
    const all = Object.fromEntries(kinds.map((kind) => [kind, Object.fromEntries(this.entities[kind])]))
    return { version: this.version, epoch: this.epoch, ...all } as RoutingTable
  }

  /** Called after each change; returns its own removal. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  get<K extends RoutedKind>(kind: K, id: string): Routed[K] | undefined {
    return this.entities[kind].get(id)
  }

  all<K extends RoutedKind>(kind: K): Iterable<Routed[K]> {
    return this.entities[kind].values()
  }

  teamNamed(name: string) {
    return this.teams.find('', name)
  }

  serviceNamed(teamId: string, name: string) {
    return this.services.find(teamId, name)
  }

  environmentNamed(teamId: string, name: string) {
    return this.environments.find(teamId, name)
  }

  callerByKey(hash: string): Caller | undefined {
    return this.callersByKey.get(hash)
  }

  tokenByHash(hash: string): Token | undefined {
    return this.tokensByHash.get(hash)
  }

  /** The environment that a team's others come from. */
  root(teamId: string): Environment | undefined {
    return this.roots.get(teamId)
  }

  hasInstance(id: string): boolean {
    return this.instances.has(id)
  }

  /** Of the instance, while it is one of those that calls go to. */
  releaseOf(instanceId: string): Release | undefined {
    return this.instances.get(instanceId)
  }

  /** Under which id the instance that calls is called itself. */
  calledAs({ instanceId, environmentId, serviceId }: Caller): string {
    const laptop = this.entities.laptops.get(`${environmentId}/${serviceId}`)
    return laptop?.instanceId === instanceId ? idOfRun(laptop) : instanceId
  }

  /** The protected environment whose secrets the instance that calls holds, and keeps for calls made in its own environment. */
  keeperOfSecretsAt({ instanceId, environmentId, serviceId }: Caller) {
    const key = `${environmentId}/${serviceId}`
    const laptop = this.entities.laptops.get(key)
    return this.keeperOf((laptop?.instanceId === instanceId ? laptop : this.entities.releases.get(key)) ?? {})
  }

  /** The same of what serves. */
  keeperOf(release: Parameters<typeof keeperOf>[0]) {
    return release.secretsOf === undefined ? undefined : keeperOf(release, (id) => this.entities.environments.get(id))
  }

  /** What serves where a laptop that should cannot be reached. */
  resolveBeneath(environmentId: string, serviceId: string): Resolution {
    return this.overlays.beneath(environmentId, serviceId)
  }

  /** What serves a service in an environment: its own release, or the nearest one that it inherits. */
  resolve(environmentId: string, serviceId: string): Resolution {
    return this.overlays.resolve(environmentId, serviceId)
  }

  /** Counts the changes of all that an environment resolves to: its own generation and those of its parents. */
  generationOf(environmentId: string): number {
    return this.overlays.chain(environmentId).generation
  }

  /** What served in an earlier generation of the environment, while it still runs; else what serves now. */
  resolveAt(environmentId: string, serviceId: string, generation: number): Resolution {
    const chain = this.overlays.chain(environmentId)
    const replaced =
      chain.generation > generation
        ? this.generations.since(chain.environments, chain.generation - generation)
        : undefined
    if (replaced === undefined) return this.resolve(environmentId, serviceId)
    const then = this.overlays.walk(environmentId, serviceId, replaced)
    if (then.kind === 'release' && then.release.state === 'live') {
      const running = then.release.instances.filter(({ id }) => this.entities.callers.has(id))
      if (running.length > 0) {
        // What its secrets are marked as by now is said of the release that serves now.
        const { secretsOf: since = [] } = this.entities.releases.get(`${then.environment.id}/${serviceId}`) ?? {}
        return {
          ...then,
          release: { ...then.release, instances: running, secretsOf: [...(then.release.secretsOf ?? []), ...since] },
        }
      }
    }
    return this.resolve(environmentId, serviceId)
  }

  private set(change: RoutingChange): void {
    // Removals first: a name, or an instance, may pass from one to another in one change.
    for (const kind of kinds) for (const id of Object.keys(change[kind] ?? {})) this.drop(kind, id)
    for (const kind of kinds) {
      for (const [id, entity] of Object.entries(change[kind] ?? {})) {
        if (entity !== null) this.add(kind, id, entity as Routed[RoutedKind])
      }
    }
  }

  private settle(to: { version: number; epoch: string }): void {
    this.version = to.version
    this.epoch = to.epoch
    this.changes++
    this.overlays.forget()
    for (const listener of this.listeners) listener()
  }

  private add(kind: RoutedKind, id: string, entity: Routed[RoutedKind]): void {
    ;(this.entities[kind] as Map<string, unknown>).set(id, entity)
    this.index(kind, entity, true)
  }

  private drop(kind: RoutedKind, id: string): void {
    const entity = this.entities[kind].get(id)
    if (entity === undefined) return
    this.entities[kind].delete(id)
    this.index(kind, entity, false)
  }

  private index(kind: RoutedKind, entity: Routed[RoutedKind], adds: boolean): void {
    const verb = adds ? 'add' : 'remove'
    switch (kind) {
      case 'teams':
        this.teams[verb](entity as Team)
        break
      case 'services':
        this.services[verb](entity as Service)
        break
      case 'environments': {
        const environment = entity as Environment
        this.environments[verb](environment)
        if (environment.parentId === null && environment.gone === null)
          setIn(this.roots, environment.teamId, environment, adds)
        break
      }
      case 'callers':
        setIn(this.callersByKey, (entity as Caller).key, entity as Caller, adds)
        break
      case 'tokens':
        setIn(this.tokensByHash, (entity as Token).hash, entity as Token, adds)
        break
      case 'releases':
        this.overlays[verb](entity as Release)
        for (const { id } of (entity as Release).instances) setIn(this.instances, id, entity as Release, adds)
        break
      case 'laptops': {
        const release = standIn(entity as Routed['laptops'])
        this.overlays[verb](release)
        for (const { id } of release.instances) {
          if (adds) this.instances.set(id, release)
          else this.instances.delete(id)
        }
        break
      }
      default:
    }
  }
}

const idOfRun = ({ instanceId, run }: Routed['laptops']): string => `${instanceId}.${run}`

/** Each run of the local process is an instance of its own, so that a new one takes over from the one before without losing a call. */
function standIn(laptop: Routed['laptops']): Release {
  const { environmentId, serviceId, instanceId, run, secretsOf } = laptop
  return {
    environmentId,
    serviceId,
    deploymentId: instanceId,
    revision: laptopRevision,
    state: 'live',
    reason: null,
    laptop,
    instances: [{ id: idOfRun(laptop), address: '', port: 0, socket: laptopSocket(instanceId, run) }],
    secretsOf,
  }
}

function setIn<T>(map: Map<string, T>, key: string, value: T, adds: boolean): void {
  if (adds) map.set(key, value)
  else if (map.get(key) === value) map.delete(key)
}

function empty(): Entities {
  return Object.fromEntries(kinds.map((kind) => [kind, new Map()])) as unknown as Entities
}
