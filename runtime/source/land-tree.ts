import { PlatformError } from '#contract/errors.ts'
import { headOf } from './branches.ts'
import { changesInWay, mergeConflict, type ChangeInWay } from './changes-in-way.ts'
import { branchRef, type Person, type Repository } from './naming.ts'
import { objectInfo, treeAt } from './object-reader.ts'
import { ObjectBatch } from './object-batch.ts'
import { mergeTrees } from './merge-trees.ts'
import type { Oid } from './objects.ts'
import { moveRef, readRef } from './refs.ts'
import { compareTrees } from './tree-edit.ts'

export interface Landing {
  /** The environment's own branch first, then its parents' up to main. */
  branches: string[]
  tree: Oid
  /** Commit that the tree was made from; undefined: not known, so the tree replaces what is there. */
  base: Oid | undefined
  author: Person
  message: string
  /** The tree as it is wins over whatever came in since its base. */
  force: boolean
  fix: string
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
    const head = await headOf(repository, landing.branches).catch(() => undefined)
    const result = { previous: head?.commit ?? null, branch, merged: false, replaced: false, overwrote: [] as ChangeInWay[] }
    let tree = landing.tree
    if (head !== undefined && head.tree !== tree && landing.base !== head.commit) {
      const brought = await bringTogether(repository, landing, head)
      tree = brought.tree
      Object.assign(result, brought.said)
    }
    if (head !== undefined && head.tree === tree) return { ...result, commit: head.commit, changed: false }
    const batch = new ObjectBatch(repository)
    const parents = head === undefined ? [] : [head.commit]
    const commit = batch.commit({ tree, parents, author: landing.author, time: Date.now() / 1000, message: landing.message })
    await batch.flush()
    if (await moveRef(repository, branchRef(branch), { to: commit, expected: own })) return { ...result, commit, changed: true }
  }
  throw new PlatformError('conflict', `the branch ${branch} keeps moving`, { fix: 'Try again.' })
}

type Said = Partial<Pick<Landed, 'merged' | 'replaced' | 'overwrote'>>

async function bringTogether(repository: Repository, landing: Landing, head: { commit: Oid; tree: Oid }): Promise<{ tree: Oid; said: Said }> {
  const { base, tree } = landing
  if (base === undefined) return { tree, said: { replaced: true, ...(landing.force && { overwrote: [] }) } }
  const baseTree = (await objectInfo(repository, base))?.type === 'commit' ? await treeAt(repository, base) : undefined
  if (landing.force) {
    const lost = (await compareTrees(repository, baseTree ?? tree, head.tree)).map((change) => change.path)
    return { tree, said: { overwrote: await changesInWay(repository, { base, head: head.commit, paths: lost }) } }
  }
  if (baseTree === undefined) {
    const differing = (await compareTrees(repository, tree, head.tree)).map((change) => change.path)
    throw mergeConflict(await changesInWay(repository, { base: undefined, head: head.commit, paths: differing }), landing.fix, head.commit)
  }
  const merged = await mergeTrees(repository, { base: baseTree, ours: tree, theirs: head.tree })
  if (merged.conflicts.length > 0) {
    throw mergeConflict(await changesInWay(repository, { base, head: head.commit, paths: merged.conflicts }), landing.fix, head.commit)
  }
  return { tree: merged.tree, said: { merged: true } }
}
