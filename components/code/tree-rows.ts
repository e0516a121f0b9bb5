import type { TreeEntry } from '#contract/source.ts'

export interface TreeRow {
  path: string
  name: string
  depth: number
  folder: boolean
  open: boolean
  entry: TreeEntry | undefined
}

interface Folder {
  folders: Map<string, Folder>
  files: TreeEntry[]
}

/** The rows in sight: folders first, closed ones without what is in them. `extra`: folders with nothing in them yet. */
export function treeRows(
  entries: readonly TreeEntry[],
  open: ReadonlySet<string>,
  extra: readonly string[] = [],
): TreeRow[] {
  const root: Folder = { folders: new Map(), files: [] }
  const folderAt = (parts: readonly string[]) =>
    parts.reduce<Folder>((folder, name) => {
      const next: Folder = folder.folders.get(name) ?? { folders: new Map(), files: [] }
      folder.folders.set(name, next)
      return next
    }, root)
  for (const entry of entries) folderAt(entry.path.split('/').slice(0, -1)).files.push(entry)
  for (const path of extra) folderAt(path.split('/'))
  const rows: TreeRow[] = []
  const add = (folder: Folder, parent: string, depth: number) => {
    for (const [name, child] of [...folder.folders].sort(([a], [b]) => compareNames(a, b))) {
      const path = parent + name
      rows.push({ path, name, depth, folder: true, open: open.has(path), entry: undefined })
      if (open.has(path)) add(child, `${path}/`, depth + 1)
    }
    const files = folder.files
      .map((entry) => ({ entry, name: entry.path.slice(parent.length) }))
      .sort((a, b) => compareNames(a.name, b.name))
    for (const { entry, name } of files) rows.push({ path: entry.path, name, depth, folder: false, open: false, entry })
  }
  add(root, '', 0)
  return rows
}

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
export const inFolder = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
const compareNames = (a: string, b: string) => collator.compare(a, b)
