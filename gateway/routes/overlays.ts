import { maxDepth } from '#contract/routing.ts'
import type { Environment, Release, Resolution } from './entities.ts'

/** An environment and its parents, nearest first, as far as they exist. */
interface Chain {
  environments: readonly Environment[]
  /** Why it ends too early: what it inherits further on must not be made up from what is left. */
  broken: string | null
  /** Generations of all of them, counted together. */
  generation: number
  /** By service. */
  found: Map<string, Resolution>
}

const none: Resolution = { kind: 'none' }
/** Of a thousand environments with a thousand services each only the busiest pairs are worth their memory. */
const mostRemembered = 50_000

/** What each environment overrides. What was looked up lately is known; the rest costs a look-up for each environment on the way. */
export class Overlays {
  private readonly environment: (id: string) => Environment | undefined
  /** By service, then by environment. */
  private readonly overrides = new Map<string, Map<string, Release>>()
  /** What stands before all copies, in the same way. */
  private readonly laptops = new Map<string, Map<string, Release>>()
  private readonly chains = new Map<string, Chain>()
  private remembered = 0

  constructor(environment: (id: string) => Environment | undefined) {
    this.environment = environment
  }

  add(release: Release): void {
    const all = this.allLike(release)
    const copies = all.get(release.serviceId)
    if (copies === undefined) all.set(release.serviceId, new Map([[release.environmentId, release]]))
    else copies.set(release.environmentId, release)
  }

  remove(release: Release): void {
    const all = this.allLike(release)
    const copies = all.get(release.serviceId)
    copies?.delete(release.environmentId)
    if (copies?.size === 0) all.delete(release.serviceId)
  }

  private allLike({ laptop }: Release): Map<string, Map<string, Release>> {
    return laptop === undefined ? this.overrides : this.laptops
  }

  /** Something was changed. */
  forget(): void {
    this.chains.clear()
    this.remembered = 0
  }

  clear(): void {
    this.overrides.clear()
    this.laptops.clear()
    this.forget()
  }

  chain(environmentId: string): Chain {
    let chain = this.chains.get(environmentId)
    if (chain === undefined) this.chains.set(environmentId, (chain = this.follow(environmentId)))
    return chain
  }

  resolve(environmentId: string, serviceId: string): Resolution {
    const { found } = this.chain(environmentId)
    const known = found.get(serviceId)
    if (known !== undefined) return known
    const resolution = this.walk(environmentId, serviceId)
    if (this.remembered < mostRemembered) {
      this.remembered++
      found.set(serviceId, resolution)
    }
    return resolution
  }

  /** What would serve if nobody's laptop did. */
  beneath(environmentId: string, serviceId: string): Resolution {
    return this.laptops.size === 0
      ? this.resolve(environmentId, serviceId)
      : this.walk(environmentId, serviceId, undefined, null)
  }

  /** @param replaced what to take in the place of an override, by `{environmentId}/{serviceId}`; null: none */
  walk(
    environmentId: string,
    serviceId: string,
    replaced?: ReadonlyMap<string, Release | null>,
    laptops: ReadonlyMap<string, Release> | null | undefined = this.laptops.get(serviceId),
  ): Resolution {
    const { environments, broken } = this.chain(environmentId)
    const copies = this.overrides.get(serviceId)
    for (const environment of environments) {
      const laptop = laptops?.get(environment.id)
      if (laptop !== undefined) return { kind: 'release', release: laptop, environment }
      const instead = replaced?.get(`${environment.id}/${serviceId}`)
      const release = instead === undefined ? copies?.get(environment.id) : instead
      if (release) return { kind: 'release', release, environment }
    }
    return broken === null ? none : { kind: 'gone', why: broken }
  }

  private follow(environmentId: string): Chain {
    const environments: Environment[] = []
    let generation = 0
    for (let id: string | null = environmentId; id !== null && environments.length < maxDepth;) {
      const environment = this.environment(id)
      if (environment === undefined)
        return { environments, broken: 'this environment no longer exists', generation, found: new Map() }
      if (environment.gone !== null) return { environments, broken: environment.gone, generation, found: new Map() }
      environments.push(environment)
      generation += environment.generation
      id = environment.parentId
    }
    return { environments, broken: null, generation, found: new Map() }
  }
}
