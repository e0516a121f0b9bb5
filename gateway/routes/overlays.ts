import { maxDepth } from '#contract/routing.ts'
import type { Environment, Release, Resolution } from './route-table.ts'

/** An environment and its parents, nearest first, as far as they exist. */
interface Chain {
  environments: readonly Environment[]
  /** Why it ends too early: what it inherits further on must not be made up from what is left. */
  broken: string | null
  /** Generations of all of them, counted together. */
  generation: number
}

const none: Resolution = { kind: 'none' }

/** What each environment overrides. An answer costs a look-up for each environment between the caller's and the one that has it. */
export class Overlays {
  private readonly environment: (id: string) => Environment | undefined
  /** By service, then by environment. */
  private readonly overrides = new Map<string, Map<string, Release>>()
  private readonly chains = new Map<string, Chain>()

  constructor(environment: (id: string) => Environment | undefined) {
    this.environment = environment
  }

  add(release: Release): void {
    const copies = this.overrides.get(release.serviceId)
    if (copies === undefined) this.overrides.set(release.serviceId, new Map([[release.environmentId, release]]))
    else copies.set(release.environmentId, release)
  }

  remove({ serviceId, environmentId }: Release): void {
    const copies = this.overrides.get(serviceId)
    copies?.delete(environmentId)
    if (copies?.size === 0) this.overrides.delete(serviceId)
  }

  /** Environments were changed. */
  rechain(): void {
    this.chains.clear()
  }

  clear(): void {
    this.overrides.clear()
    this.chains.clear()
  }

  chain(environmentId: string): Chain {
    let chain = this.chains.get(environmentId)
    if (chain === undefined) this.chains.set(environmentId, (chain = this.follow(environmentId)))
    return chain
  }

  /** @param replaced what to take in the place of an override, by `{environmentId}/{serviceId}`; null: none */
  resolve(environmentId: string, serviceId: string, replaced?: ReadonlyMap<string, Release | null>): Resolution {
    const { environments, broken } = this.chain(environmentId)
    const copies = this.overrides.get(serviceId)
    for (const environment of environments) {
      const instead = replaced?.get(`${environment.id}/${serviceId}`)
      const release = instead === undefined ? copies?.get(environment.id) : instead
      if (release) return { kind: 'release', release, environment }
    }
    return broken === null ? none : { kind: 'gone', why: broken }
  }

  private follow(environmentId: string): Chain {
    const environments: Environment[] = []
    let generation = 0
    for (let id: string | null = environmentId; id !== null && environments.length < maxDepth; ) {
      const environment = this.environment(id)
      if (environment === undefined) return { environments, broken: 'this environment no longer exists', generation }
      if (environment.gone !== null) return { environments, broken: environment.gone, generation }
      environments.push(environment)
      generation += environment.generation
      id = environment.parentId
    }
    return { environments, broken: null, generation }
  }
}
