import { PlatformError } from '#contract/errors.ts'
import { headOf, type Head } from './branches.ts'
import { changesInWay, mergeConflict, type ChangeInWay } from './changes-in-way.ts'
import { containsCommit, mergeBase } from './history.ts'
import { branchRef, type Person, type Repository } from './naming.ts'
import { objectInfo, readCommit, treeAt } from './object-reader.ts'
import { ObjectBatch } from './object-batch.ts'
import { mergeTrees } from './merge-trees.ts'
import { emptyTree, type Oid } from './objects.ts'
import { moveRef, readRef } from './refs.ts'
import { compareTrees } from './tree-edit.ts'

export interface Landing {
  /** The environment's own branch first, then its parents' up to main. */
  branches: string[]
  tree: Oid
  /** Commit that the tree was made from, of this branch or another; undefined: not known, so the tree replaces what is there. */
  base: Oid | undefined
  /** Commit that the tree was made on, with a history of its own, which the branch takes up. */
  tip?: Oid | undefined
  author: Person
  message: string
  /** The tree as it is wins over whatever came in since its base. */
  force: boolean
  fix: string
  /** What the tree is made of, as far as it is not written yet. */
  batch?: ObjectBatch
  /** Told what it will be called while it is being written; it may have to be made anew, or may not land. */
  onCommit?: ((commit: Oid) => void) | undefined
}

export interface Landed {
  commit: Oid
  /** Where the branch, or the parent's, was before; null for the very first commit. */
  previous: Oid | null
  branch: string
  changed: boolean
  merged: boolean
  /** The source was replaced because no base was known. */
  replaced: boolean
  /** What `force` wrote over. */
  overwrote: ChangeInWay[]
}

/** Makes a tree the head of an environment's branch, by the rules of the design for a head that has moved. */
export async function landTree(repository: Repository, landing: Landing): Promise<Landed> {
  const [branch = 'main'] = landing.branches
  for (let attempt = 1; attempt <= 10; attempt++) {
    const own = await readRef(repository, branchRef(branch))
    const head = await standing(repository, landing)
    const result = {
      previous: head?.commit ?? null,
      branch,
      merged: false,
      replaced: false,
      overwrote: [] as ChangeInWay[],
    }
    let tree = landing.tree
    const base = await baseOf(repository, landing, head)
    if (head !== undefined && head.tree !== tree && base !== head.commit) {
      const brought = await bringTogether(repository, { ...landing, base }, head)
      tree = brought.tree
      Object.assign(result, brought.said)
    }
    const parents = await parentsOf(repository, landing.tip, head)
    if (head !== undefined && head.tree === tree && parents[0] === head.commit && parents.length === 1)
      return { ...result, commit: head.commit, changed: false }
    const { commit, written } = await committed(repository, { tree, parents, landing })
    landing.onCommit?.(commit)
    if (await moveRef(repository, branchRef(branch), { to: commit, expected: own, after: written }))
      return { ...result, commit, changed: true }
    await written
  }
  throw new PlatformError('conflict', `the branch ${branch} keeps changing`, { fix: 'Try again.' })
}

/** What is there to go on from. What a service was begun with, when it holds nothing, gives way to a history. */
async function standing(repository: Repository, { branches, tip }: Landing): Promise<Head | undefined> {
  const head = await headOf(repository, branches).catch(() => undefined)
  return head !== undefined && tip !== undefined && (await isEmptyBeginning(repository, head)) ? undefined : head
}

async function isEmptyBeginning(repository: Repository, { tree, commit }: Head): Promise<boolean> {
  return tree === emptyTree && (await readCommit(repository, commit)).parents.length === 0
}

/** What the head and the folder both hold: of the recorded commit, which another branch may be at, and of the folder's own history the nearer to the head. */
async function baseOf(
  repository: Repository,
  { base, tip }: Landing,
  head: Head | undefined,
): Promise<Oid | undefined> {
  if (head === undefined || base === head.commit) return base
  // Nothing was there that could be in the way, as when a service was deleted and is made anew.
  if (await isEmptyBeginning(repository, head)) return head.commit
  const isKnown = base !== undefined && (await objectInfo(repository, base))?.type === 'commit'
  const recorded = isKnown ? ((await mergeBase(repository, base, head.commit)) ?? base) : base
  const common = tip === undefined ? undefined : await mergeBase(repository, tip, head.commit)
  if (common === undefined || !isKnown || recorded === undefined) return common ?? recorded
  return (await containsCommit(repository, { commit: recorded, ancestor: common })) ? recorded : common
}

async function parentsOf(repository: Repository, tip: Oid | undefined, head: Head | undefined): Promise<Oid[]> {
  if (head === undefined) return tip === undefined ? [] : [tip]
  if (tip === undefined || (await containsCommit(repository, { commit: head.commit, ancestor: tip })))
    return [head.commit]
  return (await containsCommit(repository, { commit: tip, ancestor: head.commit })) ? [tip] : [head.commit, tip]
}

/** A folder without changes of its own is the very commit that it stands on. */
async function committed(
  repository: Repository,
  { tree, parents, landing }: { tree: Oid; parents: Oid[]; landing: Landing },
): Promise<{ commit: Oid; written: Promise<void> }> {
  const { tip, author, message, batch = new ObjectBatch(repository) } = landing
  if (tip !== undefined && parents.length === 1 && parents[0] === tip && (await treeAt(repository, tip)) === tree)
    return { commit: tip, written: Promise.resolve() }
  const commit = batch.commit({ tree, parents, author, time: Date.now() / 1000, message })
  const written = batch.flush()
  written.catch(() => {}) // seen before anything names it
  return { commit, written }
}

type Said = Partial<Pick<Landed, 'merged' | 'replaced' | 'overwrote'>>

async function bringTogether(
  repository: Repository,
  landing: Landing,
  head: { commit: Oid; tree: Oid },
): Promise<{ tree: Oid; said: Said }> {
  const { base, tree } = landing
  if (base === undefined) return { tree, said: { replaced: true, ...(landing.force && { overwrote: [] }) } }
  const baseTree = (await objectInfo(repository, base))?.type === 'commit' ? await treeAt(repository, base) : undefined
  if (landing.force) {
    const lost = (await compareTrees(repository, baseTree ?? tree, head.tree)).map((change) => change.path)
    return { tree, said: { overwrote: await changesInWay(repository, { base, head: head.commit, paths: lost }) } }
  }
  if (baseTree === undefined) {
    const differing = (await compareTrees(repository, tree, head.tree)).map((change) => change.path)
    throw mergeConflict(
      await changesInWay(repository, { base: undefined, head: head.commit, paths: differing }),
      landing.fix,
      head.commit,
    )
  }
  const merged = await mergeTrees(repository, { base: baseTree, ours: tree, theirs: head.tree })
  if (merged.conflicts.length > 0) {
    throw mergeConflict(
      await changesInWay(repository, { base, head: head.commit, paths: merged.conflicts }),
      landing.fix,
      head.commit,
    )
  }
  return { tree: merged.tree, said: { merged: true } }
}
