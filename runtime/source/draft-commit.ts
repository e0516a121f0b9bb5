import type { OnConflict } from '#contract/source.ts'
import { changesInWay, mergeConflict, type ChangeInWay } from './changes-in-way.ts'
import { keepDraft, readDraft, type Draft, type DraftKey } from './drafts.ts'
import { landTree, type Landed } from './land-tree.ts'
import { decideConflicts, mergeTrees } from './merge-trees.ts'
import type { Person, Repository } from './naming.ts'
import { readCommit } from './object-reader.ts'
import { ObjectBatch } from './object-batch.ts'
import type { Oid } from './objects.ts'
import { shownPath } from './path.ts'

export interface CommitInput {
  message: string
  author: Person
  /** Takes the draft's side of each conflict, and says whose change that was. */
  force?: boolean
}

const fix = 'Bring the newer source into your draft, or deploy with force to write over it.'

/**
 * Makes the draft the head of its environment's branch; without changes gives the head as it is. `onLanded` hears of it as
 * soon as it is there for good: that a draft stands on what is just like it need not be written before.
 */
export async function commitDraft(repository: Repository, key: DraftKey, input: CommitInput, onLanded: (landed: Landed) => void): Promise<void> {
  const draft = await readDraft(repository, key)
  const decided = input.force ? await takeOwnSide(repository, draft) : { tree: draft.tree, base: draft.base, overwrote: [] }
  const landed = await landTree(repository, {
    branches: key.branches, tree: decided.tree, base: decided.base, author: input.author, message: input.message, force: false, fix,
  })
  const said = { ...landed, overwrote: decided.overwrote, merged: landed.merged || decided.base !== draft.base }
  const tree = await treeOf(repository, landed.commit)
  if (tree === draft.tree) onLanded(said)
  // Should the machine lose this one, the draft has no changes to its branch all the same.
  if (draft.commit !== null) await keepDraft(repository, key, { draft, tree, base: landed.commit, batch: new ObjectBatch(repository), lazy: true })
  onLanded(said)
}

async function takeOwnSide(repository: Repository, draft: Draft): Promise<{ tree: Oid; base: Oid; overwrote: ChangeInWay[] }> {
  const sides = { base: draft.baseTree, ours: draft.tree, theirs: draft.head.tree }
  const merged = await mergeTrees(repository, sides)
  const tree = await decideConflicts(repository, merged, { winner: draft.tree, loser: draft.head.tree })
  return { tree, base: draft.head.commit, overwrote: await changesInWay(repository, { base: draft.base, head: draft.head.commit, paths: merged.conflicts }) }
}

/** Brings what came into the branch since the draft's base into the draft. */
export async function updateDraft(repository: Repository, key: DraftKey, onConflict: OnConflict): Promise<{ base: Oid; conflicts: string[] }> {
  const draft = await readDraft(repository, key)
  const { head } = draft
  if (draft.base === head.commit) return { base: head.commit, conflicts: [] }
  const merged = await mergeTrees(repository, { base: draft.baseTree, ours: draft.tree, theirs: head.tree })
  if (merged.conflicts.length > 0 && onConflict === 'refuse') {
    throw mergeConflict(await changesInWay(repository, { base: draft.base, head: head.commit, paths: merged.conflicts }), 'Choose a side for each file, or resolve the markers in the text.', head.commit)
  }
  const sides = onConflict === 'theirs' ? { winner: head.tree, loser: draft.tree } : { winner: draft.tree, loser: head.tree }
  const tree = onConflict === 'markers' ? merged.tree : await decideConflicts(repository, merged, sides)
  await keepDraft(repository, key, { draft, tree, base: head.commit, batch: new ObjectBatch(repository) })
  return { base: head.commit, conflicts: merged.conflicts.map(shownPath) }
}

async function treeOf(repository: Repository, commit: Oid): Promise<Oid> {
  return (await readCommit(repository, commit)).tree
}
