import { setImmediate } from 'node:timers/promises'
import { PlatformError } from '#contract/errors.ts'
import type { Repository } from './naming.ts'
import { blobSize, readTree } from './object-reader.ts'
import type { ObjectBatch } from './object-batch.ts'
import { emptyTree, type Oid, type TreeEntry } from './objects.ts'
import { maxPathBytes } from './path.ts'
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
export async function editTree(
  repository: Repository,
  root: Oid,
  edits: ReadonlyMap<string, TreeEntry | undefined>,
  batch: ObjectBatch,
): Promise<Oid> {
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

/**
 * What one walk through trees may take. A tree can hold one folder many times, and that another one: a few objects are then more paths
 * than anybody can walk, and all reads come from memory, so that nothing else has a turn.
 */
class Steps {
  #taken = 0

  async take(depth: number): Promise<void> {
    this.#taken++
    if (this.#taken > maxSteps || depth > maxDepth) throw tooMuch()
    if (this.#taken % 2_000 === 0) await setImmediate()
  }
}

/** As deep as the longest path can be. */
export const maxDepth = Math.ceil(maxPathBytes / 2)
const maxSteps = 500_000
const tooMuch = () =>
  new PlatformError(
    'too_large',
    `the source is too large to read: more than ${maxSteps.toLocaleString('en')} entries, or folders deeper than ${maxDepth}`,
    { fix: 'Push a commit without them.' },
  )

/** Every file, link and module of a tree, in git's order. @throws PlatformError `too_large` */
export async function* walkTree(repository: Repository, root: Oid): AsyncGenerator<TreeEntry & { path: string }> {
  const steps = new Steps()
  const open = async (oid: Oid, prefix: string) => ({ prefix, entries: (await readTree(repository, oid)).entries() })
  // Not by recursion: each entry would pass through as many generators as it has folders above it.
  const stack = [await open(root, '')]
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { done, value } = top.entries.next()
    if (done) {
      stack.pop()
      continue
    }
    await steps.take(stack.length - 1)
    const [name, entry] = value
    if (entry.mode === '40000') stack.push(await open(entry.oid, `${top.prefix}${name}/`))
    else yield { path: top.prefix + name, ...entry }
  }
}

interface At {
  prefix: string
  depth: number
  steps: Steps
}

/** Files that differ; equal folders are never entered. @throws PlatformError `too_large` */
export function compareTrees(repository: Repository, before: Oid, after: Oid): Promise<TreeChange[]> {
  return compare(repository, before, after, { prefix: '', depth: 0, steps: new Steps() })
}

async function compare(
  repository: Repository,
  before: Oid,
  after: Oid,
  { prefix, depth, steps }: At,
): Promise<TreeChange[]> {
  if (before === after) return []
  const [old, fresh] = [await readTree(repository, before), await readTree(repository, after)]
  const changes: TreeChange[] = []
  for (const name of new Set([...old.keys(), ...fresh.keys()])) {
    const [was, is] = [old.get(name), fresh.get(name)]
    if (was?.oid === is?.oid && was?.mode === is?.mode) continue
    await steps.take(depth)
    const path = prefix + name
    if (was?.mode === '40000' || is?.mode === '40000') {
      const folders = [was, is].map((entry) => (entry?.mode === '40000' ? entry.oid : emptyTree))
      for (const change of await compare(repository, folders[0] ?? emptyTree, folders[1] ?? emptyTree, {
        prefix: `${path}/`,
        depth: depth + 1,
        steps,
      }))
        changes.push(change)
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
  folders: number
  /** Of folders in each other. */
  depth: number
}
const measured = new Recent<TreeSize>(100_000)

/** Number and size of all that is below; remembered per folder, so a change costs only the folders on its way. */
export async function measureTree(repository: Repository, root: Oid, level = 0): Promise<TreeSize> {
  if (level > maxDepth) throw tooMuch()
  const known = measured.get(root)
  if (known !== undefined) return known
  const total = { files: 0, bytes: 0, folders: 0, depth: 0 }
  const files: TreeEntry[] = []
  // Folders one by one: a tree that holds one folder ten times, ten levels deep, is then measured ten times and not 10¹⁰.
  for (const entry of (await readTree(repository, root)).values()) {
    if (entry.mode !== '40000') {
      files.push(entry)
      continue
    }
    const part = await measureTree(repository, entry.oid, level + 1)
    total.files += part.files
    total.bytes += part.bytes
    total.folders += 1 + part.folders
    total.depth = Math.max(total.depth, 1 + part.depth)
  }
  const sizes = await Promise.all(
    files.map(async (entry) => (entry.mode === '160000' ? 0 : blobSize(repository, entry.oid))),
  )
  total.files += files.length
  total.bytes += sizes.reduce((sum, size) => sum + size, 0)
  measured.set(root, total)
  return total
}
