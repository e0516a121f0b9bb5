import type { Environment, Service } from '#contract/records.ts'

/** The copy that serves in an environment: its own, or the nearest parent's. */
export function copyIn<Copy extends Pick<Service, 'environment'>>(
  name: string,
  environments: readonly Pick<Environment, 'name' | 'parent'>[],
  copies: readonly Copy[],
): Copy | undefined {
  let at: string | null = name
  for (let depth = 0; at !== null && depth < 10; depth += 1) {
    const here: string = at
    const own = copies.find((copy) => copy.environment === here)
    if (own !== undefined) return own
    at = environments.find((environment) => environment.name === here)?.parent ?? null
  }
  return undefined
}
