import type { Environment } from '#contract/records.ts'

export interface Branch {
  environment: Environment
  depth: number
  /** Names of those whose parent it is. */
  children: readonly string[]
  /** The last of its siblings. */
  last: boolean
  /** For each level above it: whether that goes on below it. */
  rails: readonly boolean[]
}

/** Parents before their children, siblings by name; what has no known parent is a root. */
export function treeOf(environments: readonly Environment[]): Branch[] {
  const names = new Set(environments.map(({ name }) => name))
  const byParent = Map.groupBy(
    environments.toSorted((one, other) => one.name.localeCompare(other.name)),
    ({ parent }) => (parent !== null && names.has(parent) ? parent : null),
  )
  const branches: Branch[] = []
  const add = (parent: string | null, depth: number, rails: readonly boolean[]) => {
    const siblings = byParent.get(parent) ?? []
    for (const environment of siblings) {
      const last = environment === siblings.at(-1)
      branches.push({
        environment,
        depth,
        children: (byParent.get(environment.name) ?? []).map(({ name }) => name),
        last,
        rails,
      })
      add(environment.name, depth + 1, depth === 0 ? [] : [...rails, !last])
    }
  }
  add(null, 0, [])
  return branches
}

/** Names of all that stems from it. */
export function under(environments: readonly Environment[], name: string): string[] {
  return environments
    .filter(({ parent }) => parent === name)
    .flatMap((child) => [child.name, ...under(environments, child.name)])
}
