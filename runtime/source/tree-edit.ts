import type { Repository } from './naming.ts'
import { blobSize, readTree } from './object-reader.ts'
import type { ObjectBatch } from './object-batch.ts'
import { emptyTree, type Oid, type TreeEntry } from './objects.ts'
import { Recent } from './recent.ts'

/** Paths here are raw (see path.ts). */
export interface TreeChange {
  path: string
  before: TreeEntry | undefined
  after: TreeEntry | undefined
}

/** What a path holds (a file, a folder, a link), or undefined. */
export async function entryAt(repository: Repository, root: Oid, path: string): Promise<TreeEntry | undefined> {
  let entry: TreeEntry | undefined = { mode: '40000', oid: root }
  for (const name of path.split('/')) {
    if (entry?.mode !== '40000') return undefined
    entry = (await readTree(repository, entry.oid)).get(name)
  }
  return entry
}

/**
 * A new tree with some paths set or, with undefined, taken away. Only folders on the way are written; a folder left empty
 * goes, as git knows none.
 */
export async function editTree(repository: Repository, root: Oid, edits: ReadonlyMap<string, TreeEntry | undefined>, batch: ObjectBatch): Promise<Oid> {
  const tree = new Map(await readTree(repository, root))
  const below = new Map<string, Map<string, TreeEntry | undefined>>()
  for (const [path, entry] of edits) {
    const slash = path.indexOf('/')
    if (slash >= 0) {
      const name = path.slice(0, slash)
      const inner = below.get(name) ?? new Map<string, TreeEntry | undefined>()
      below.set(name, inner.set(path.slice(slash + 1), entry))
    } else if (entry === undefined) tree.delete(path)
    else tree.set(path, entry)
  }
  for (const [name, inner] of below) {
    const before = tree.get(name)
    const isFolder = before?.mode === '40000'
    // Taking something away below a file, or below nothing, changes nothing.
    if (!isFolder && [...inner.values()].every((entry) => entry === undefined)) continue
    const oid = await editTree(repository, isFolder ? before.oid : emptyTree, inner, batch)
    if (oid === emptyTree) tree.delete(name)
    else tree.set(name, { mode: '40000', oid })
  }
  return batch.tree(tree)
}

/** Every file, link and module of a tree, in git's order. */
export async function* walkTree(repository: Repository, root: Oid, prefix = ''): AsyncGenerator<TreeEntry & { path: string }> {
  for (const [name, entry] of await readTree(repository, root)) {
    if (entry.mode === '40000') yield* walkTree(repository, entry.oid, `${prefix}${name}/`)
    else yield { path: prefix + name, ...entry }
  }
}

/** Files that differ; equal folders are never entered. */
export async function compareTrees(repository: Repository, before: Oid, after: Oid, prefix = ''): Promise<TreeChange[]> {
  if (before === after) return []
  const [old, fresh] = [await readTree(repository, before), await readTree(repository, after)]
  const changes: TreeChange[] = []
  for (const name of new Set([...old.keys(), ...fresh.keys()])) {
    const [was, is] = [old.get(name), fresh.get(name)]
    if (was?.oid === is?.oid && was?.mode === is?.mode) continue
    const path = prefix + name
    if (was?.mode === '40000' || is?.mode === '40000') {
      const folders = [was, is].map((entry) => (entry?.mode === '40000' ? entry.oid : emptyTree))
      changes.push(...(await compareTrees(repository, folders[0] ?? emptyTree, folders[1] ?? emptyTree, `${path}/`)))
    }
    const [file, next] = [fileOnly(was), fileOnly(is)]
    if (file !== undefined || next !== undefined) changes.push({ path, before: file, after: next })
  }
  return changes
}

function fileOnly(entry: TreeEntry | undefined): TreeEntry | undefined {
  return entry?.mode === '40000' ? undefined : entry
}

export interface TreeSize {
  files: number
  bytes: number
}
const measured = new Recent<TreeSize>(100_000)

/** Number and size of all files below; remembered per folder, so a change costs only the folders on its way. */
export async function measureTree(repository: Repository, root: Oid): Promise<TreeSize> {
  const known = measured.get(root)
  if (known !== undefined) return known
  const total = { files: 0, bytes: 0 }
  const files: TreeEntry[] = []
  // Folders one by one: a tree that holds one folder ten times, ten levels deep, is then measured ten times and not 10¹⁰.
  for (const entry of (await readTree(repository, root)).values()) {
    if (entry.mode !== '40000') { files.push(entry); continue }
    const part = await measureTree(repository, entry.oid)
    total.files += part.files
    total.bytes += part.bytes
  }
  const sizes = await Promise.all(files.map((entry) => (entry.mode === '160000' ? 0 : blobSize(repository, entry.oid))))
  total.files += files.length
  total.bytes += sizes.reduce((sum, size) => sum + size, 0)
  measured.set(root, total)
  return total
}
