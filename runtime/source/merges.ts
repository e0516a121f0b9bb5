import { headOf } from './branches.ts'
import { changesInWay, mergeConflict, type ChangeInWay } from './changes-in-way.ts'
import { containsCommit, mergeBase } from './history.ts'
import { mergeTrees } from './merge-trees.ts'
import { branchRef, type Person, type Repository } from './naming.ts'
import { readCommit, treeAt } from './object-reader.ts'
import { ObjectBatch } from './object-batch.ts'
import { emptyTree, type Oid } from './objects.ts'
import { shownPath } from './path.ts'
import { moveRef, readRef } from './refs.ts'
import { PlatformError } from '#contract/errors.ts'

export interface Merge {
  /** Whole when `conflicts` is empty; else with markers in the texts. */
  tree: Oid
  conflicts: string[]
  base: Oid | null
}

/** Three-way merge of commits (or trees, with a base); nothing moves. */
export async function merge(repository: Repository, input: { ours: Oid; theirs: Oid; base?: Oid }): Promise<Merge> {
  const base = input.base ?? (await mergeBase(repository, input.ours, input.theirs))
  const [baseTree, ours, theirs] = [
    base === undefined ? emptyTree : await treeAt(repository, base),
    await treeAt(repository, input.ours),
    await treeAt(repository, input.theirs),
  ]
  const merged = await mergeTrees(repository, { base: baseTree, ours, theirs })
  return { tree: merged.tree, conflicts: merged.conflicts.map(shownPath), base: base ?? null }
}

/**
 * Brings another commit (a parent environment's head) into an environment's branch, so that the branch contains it:
 * the branch moves forward when it can, else a commit with both as parents is made.
 */
export async function mergeInto(
  repository: Repository,
  input: { branches: string[]; other: Oid; author: Person; message: string },
): Promise<{ commit: Oid; previous: Oid; changed: boolean }> {
  const ref = branchRef(input.branches[0] ?? 'main')
  for (let attempt = 1; attempt <= 10; attempt++) {
    const own = await readRef(repository, ref)
    const head = await headOf(repository, input.branches)
    if (await containsCommit(repository, { commit: head.commit, ancestor: input.other }))
      return { commit: head.commit, previous: head.commit, changed: false }
    const commit = await joined(repository, head.commit, input)
    if (await moveRef(repository, ref, { to: commit, expected: own }))
      return { commit, previous: head.commit, changed: true }
  }
  throw new PlatformError('conflict', 'the branch keeps changing', { fix: 'Try again.' })
}

async function joined(
  repository: Repository,
  head: Oid,
  input: { other: Oid; author: Person; message: string },
): Promise<Oid> {
  if (await containsCommit(repository, { commit: input.other, ancestor: head })) return input.other
  const base = await mergeBase(repository, head, input.other)
  const merged = await mergeTrees(repository, {
    base: base === undefined ? emptyTree : await treeAt(repository, base),
    ours: (await readCommit(repository, head)).tree,
    theirs: (await readCommit(repository, input.other)).tree,
  })
  if (merged.conflicts.length > 0) {
    const changes: ChangeInWay[] = await changesInWay(repository, { base, head: input.other, paths: merged.conflicts })
    throw mergeConflict(changes, 'Merge them in a draft or with git, then try again.', input.other)
  }
  const batch = new ObjectBatch(repository)
  const commit = batch.commit({
    tree: merged.tree,
    parents: [head, input.other],
    author: input.author,
    time: Date.now() / 1000,
    message: input.message,
  })
  await batch.flush()
  return commit
}
