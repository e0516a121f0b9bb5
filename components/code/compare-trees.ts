import type { TreeEntry } from '#contract/source.ts'

export interface TreeChange {
  path: string
  change: 'added' | 'modified' | 'deleted'
}

/** By hashes: nothing has to be read. In order of their paths. */
export function compareTrees(before: readonly TreeEntry[], after: readonly TreeEntry[]): TreeChange[] {
  const old = new Map(before.map(({ path, hash }) => [path, hash]))
  const changes: TreeChange[] = []
  for (const { path, hash } of after) {
    const was = old.get(path)
    old.delete(path)
    if (was !== hash) changes.push({ path, change: was === undefined ? 'added' : 'modified' })
  }
  for (const path of old.keys()) changes.push({ path, change: 'deleted' })
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1))
}

export const changeLetter = { added: 'A', modified: 'M', deleted: 'D' } as const
export const changeColour = { added: 'text-ok', modified: 'text-warn', deleted: 'text-bad' } as const
