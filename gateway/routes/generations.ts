import type { RoutingChange } from '#contract/routing.ts'
import type { Environment, Release } from './entities.ts'

/** An environment's step to its next generation: what served before of all that the step changed; null where nothing did. */
interface Step {
  environmentId: string
  by: number
  before: ReadonlyMap<string, Release | null>
  /** It got another parent by it: what it inherited before is not known here. */
  moved: boolean
  at: number
}

/** Longer than the runtime keeps what served before a switch. */
const keptMs = 120_000

/**
 * What the last switches replaced, so that a call that began before one of them is answered by the revisions of its
 * beginning all the way down, for as long as those still run.
 */
export class Generations {
  private steps: Step[] = []

  /** Before the change is applied. A release that only gained or lost an instance is the same as before. */
  note(
    change: RoutingChange,
    known: { environments: ReadonlyMap<string, Environment>; releases: ReadonlyMap<string, Release> },
    now = performance.now(),
  ): void {
    for (const [environmentId, environment] of Object.entries(change.environments ?? {})) {
      const was = known.environments.get(environmentId)
      const by = (environment?.generation ?? 0) - (was?.generation ?? Infinity)
      if (by <= 0) continue
      const before = new Map<string, Release | null>()
      for (const [key, release] of Object.entries(change.releases ?? {})) {
        const old = known.releases.get(key)
        if (key.startsWith(`${environmentId}/`) && old?.deploymentId !== release?.deploymentId)
          before.set(key, old ?? null)
      }
      this.steps.push({ environmentId, by, before, moved: environment?.parentId !== was?.parentId, at: now })
    }
    while ((this.steps[0]?.at ?? now) < now - keptMs) this.steps.shift()
  }

  clear(): void {
    this.steps = []
  }

  /** What has been replaced in these environments since they were `back` generations younger; undefined when that is not known. */
  since(chain: readonly Environment[], back: number): ReadonlyMap<string, Release | null> | undefined {
    const replaced = new Map<string, Release | null>()
    let left = back
    for (let at = this.steps.length - 1; at >= 0 && left > 0; at--) {
      const { environmentId, by, before, moved } = this.steps[at] as Step
      if (!chain.some(({ id }) => id === environmentId)) continue
      if (moved) return undefined
      left -= by
      for (const [key, release] of before) replaced.set(key, release)
    }
    return left === 0 ? replaced : undefined
  }
}
