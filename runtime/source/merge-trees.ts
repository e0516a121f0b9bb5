import type { Repository } from './naming.ts'
import { runGit } from './git.ts'
import { requireWalkable } from './limits.ts'
import { ObjectBatch } from './object-batch.ts'
import type { Oid, TreeEntry } from './objects.ts'
import { compareTrees, editTree, entryAt, type TreeChange } from './tree-edit.ts'

export interface MergedTrees {
  /** With conflicts: as git leaves it, with markers in the texts. */
  tree: Oid
  /** Raw paths that both sides changed and git could not bring together. */
  conflicts: string[]
}

/** Three trees to one. Only when both sides changed the same file is git asked. */
export async function mergeTrees(
  repository: Repository,
  sides: { base: Oid; ours: Oid; theirs: Oid },
): Promise<MergedTrees> {
  const { base, ours, theirs } = sides
  if (ours === theirs || theirs === base) return { tree: ours, conflicts: [] }
  if (ours === base) return { tree: theirs, conflicts: [] }
  const [mine, other] = [await compareTrees(repository, base, ours), await compareTrees(repository, base, theirs)]
  if (overlap(mine, other)) return await askGit(repository, sides)
  const batch = new ObjectBatch(repository)
  // What goes goes first, so that a folder may take the place of a file that the other side left alone.
  const tree = await editTree(repository, theirs, editsOf(mine), batch)
  await batch.flush()
  return { tree, conflicts: [] }
}

function editsOf(changes: TreeChange[]): Map<string, TreeEntry | undefined> {
  const sorted = [...changes].sort((a, b) => Number(a.after !== undefined) - Number(b.after !== undefined))
  return new Map(sorted.map((change) => [change.path, change.after]))
}

/** The same file changed differently, or a file where the other side put a folder. */
function overlap(mine: TreeChange[], other: TreeChange[]): boolean {
  const theirs = new Map(other.map((change) => [change.path, change]))
  if (
    mine.some((change) => {
      const twin = theirs.get(change.path)
      return twin !== undefined && !same(twin.after, change.after)
    })
  )
    return true
  return underEachOther(mine, other) || underEachOther(other, mine)
}

function same(a: TreeEntry | undefined, b: TreeEntry | undefined): boolean {
  return a?.oid === b?.oid && a?.mode === b?.mode
}

function underEachOther(files: TreeChange[], others: TreeChange[]): boolean {
  const made = new Set(files.filter((change) => change.after !== undefined).map((change) => change.path))
  return others.some(({ path, after }) => {
    if (after === undefined) return false
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1))
      if (made.has(path.slice(0, slash))) return true
    return false
  })
}

/** `git merge-tree` 2.39 finds the base itself from commits, so three are made that nothing else ever names. */
async function askGit(repository: Repository, sides: { base: Oid; ours: Oid; theirs: Oid }): Promise<MergedTrees> {
  await requireWalkable(repository, [sides.base, sides.ours, sides.theirs])
  const batch = new ObjectBatch(repository)
  const author = { name: 'M3O', email: 'm3o@localhost' }
  const base = batch.commit({ tree: sides.base, parents: [], author, time: 0, message: 'base' })
  const ours = batch.commit({ tree: sides.ours, parents: [base], author, time: 1, message: 'ours' })
  const theirs = batch.commit({ tree: sides.theirs, parents: [base], author, time: 1, message: 'theirs' })
  await batch.flush()
  const { code, stdout } = await runGit(
    repository.dir,
    ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', ours, theirs],
    { accept: [0, 1] },
  )
  const [tree = '', ...names] = stdout.toString('latin1').split('\0')
  return { tree: tree.trim(), conflicts: code === 0 ? [] : [...new Set(names.filter(Boolean))] }
}

/** A merged tree in which each conflict is decided for one side, file by file. */
export async function decideConflicts(
  repository: Repository,
  merged: MergedTrees,
  side: { winner: Oid; loser: Oid },
): Promise<Oid> {
  if (merged.conflicts.length === 0) return merged.tree
  const edits = new Map<string, TreeEntry | undefined>()
  for (const path of merged.conflicts) {
    const entry = await entryAt(repository, side.winner, path)
    // A file against a folder: git has renamed one of them, so the winner's whole tree is the honest answer.
    if (entry?.mode === '40000' || (await entryAt(repository, side.loser, path))?.mode === '40000') return side.winner
    edits.set(path, entry)
  }
  const batch = new ObjectBatch(repository)
  const tree = await editTree(repository, merged.tree, edits, batch)
  await batch.flush()
  return tree
}
