import type { Environment } from '#contract/records.ts'

export interface Branch { environment: Environment; depth: number; children: number }

/** Parents before their children, siblings by name; what has no known parent is a root. */
export function treeOf(environments: readonly Environment[]): Branch[] {
  const names = new Set(environments.map(({ name }) => name))
  const byParent = Map.groupBy(environments.toSorted((one, other) => one.name.localeCompare(other.name)), ({ parent }) => (parent !== null && names.has(parent) ? parent : null))
  const branches: Branch[] = []
  const add = (parent: string | null, depth: number) => {
    for (const environment of byParent.get(parent) ?? []) {
      branches.push({ environment, depth, children: byParent.get(environment.name)?.length ?? 0 })
      add(environment.name, depth + 1)
    }
  }
  add(null, 0)
  return branches
}
