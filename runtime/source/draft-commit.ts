import type { OnConflict } from '#contract/source.ts'
import { changesInWay, mergeConflict, type ChangeInWay } from './changes-in-way.ts'
import { saveFile, treeWithSaved, type SaveInput } from './draft-edits.ts'
import { describeChanges, type ChangedFile } from './draft-status.ts'
import { keepDraft, readDraft, type Draft, type DraftKey } from './drafts.ts'
import { landTree, type Landed } from './land-tree.ts'
import { decideConflicts, mergeTrees } from './merge-trees.ts'
import type { Person, Repository } from './naming.ts'
import { readCommit } from './object-reader.ts'
import { ObjectBatch } from './object-batch.ts'
import type { Oid } from './objects.ts'
import { shownPath } from './path.ts'
import { compareTrees } from './tree-edit.ts'

export interface CommitInput {
  /** Or what says it, of the files that changed; without any, `head` is the commit that stays. */
  message: string | ((changed: ChangedFile[], head: Oid) => string | Promise<string>)
  author: Person
  /** Saved before: refused as a save is. It stays in the draft should the draft not land. */
  save?: SaveInput | undefined
  /** Told of it before it is there for good: it can be read, and begun with. It may have to be made anew, or may not land. */
  onCommit?: ((commit: Oid, message: string) => void) | undefined
  /** Takes the draft's side of each conflict, and says whose change that was. */
  force?: boolean
}

const fix = 'Merge the newer source into your draft, or deploy with force to overwrite it.'

/**
 * Makes the draft the head of its environment's branch; without changes gives the head as it is. `onLanded` hears of it as
 * soon as it is there for good: that a draft stands on what is just like it need not be written before.
 */
export async function commitDraft(
  repository: Repository,
  key: DraftKey,
  input: CommitInput,
  onLanded: (landed: Landed & { message: string }) => void,
): Promise<void> {
  const batch = new ObjectBatch(repository)
  const { draft, isKept } = await savedDraft(repository, key, input, batch)
  const decided = input.force
    ? await takeOwnSide(repository, draft)
    : { tree: draft.tree, base: draft.base, overwrote: [] }
  const message =
    typeof input.message === 'string'
      ? input.message
      : await input.message(
          describeChanges(await compareTrees(repository, draft.baseTree, draft.tree)),
          draft.head.commit,
        )
  const landed = await landTree(repository, {
    branches: key.branches,
    tree: decided.tree,
    base: decided.base,
    author: input.author,
    message,
    force: false,
    fix,
    batch,
    onCommit: (commit) => input.onCommit?.(commit, message),
  }).catch(async (error: unknown) => {
    // What was saved with it is not lost.
    if (!isKept) await keepDraft(repository, key, { draft, tree: draft.tree, batch })
    throw error
  })
  const said = {
    ...landed,
    message,
    overwrote: decided.overwrote,
    merged: landed.merged || decided.base !== draft.base,
  }
  const tree = await treeOf(repository, landed.commit)
  if (tree === draft.tree) onLanded(said)
  // Should the machine lose this one, the draft has no changes to its branch all the same.
  if (draft.commit !== null)
    await keepDraft(repository, key, {
      draft,
      tree,
      base: landed.commit,
      batch: new ObjectBatch(repository),
      lazy: true,
    })
  onLanded(said)
}

/**
 * Where all else is as it is in the branch, what is saved goes there in one step with the commit. Otherwise it is saved before:
 * a merge reads what is on the disk, and a draft that has changes must not be older than its branch after a kill.
 */
async function savedDraft(
  repository: Repository,
  key: DraftKey,
  { save }: CommitInput,
  batch: ObjectBatch,
): Promise<{ draft: Draft; isKept: boolean }> {
  const draft = await readDraft(repository, key)
  if (save === undefined) return { draft, isKept: true }
  if (draft.tree === draft.head.tree && draft.base === draft.head.commit)
    return { draft: { ...draft, tree: await treeWithSaved(repository, key, draft, save, batch) }, isKept: false }
  await saveFile(repository, key, save)
  return { draft: await readDraft(repository, key), isKept: true }
}

async function takeOwnSide(
  repository: Repository,
  draft: Draft,
): Promise<{ tree: Oid; base: Oid; overwrote: ChangeInWay[] }> {
  const sides = { base: draft.baseTree, ours: draft.tree, theirs: draft.head.tree }
  const merged = await mergeTrees(repository, sides)
  const tree = await decideConflicts(repository, merged, { winner: draft.tree, loser: draft.head.tree })
  return {
    tree,
    base: draft.head.commit,
    overwrote: await changesInWay(repository, { base: draft.base, head: draft.head.commit, paths: merged.conflicts }),
  }
}

/** Brings what came into the branch since the draft's base into the draft. */
export async function updateDraft(
  repository: Repository,
  key: DraftKey,
  onConflict: OnConflict,
): Promise<{ base: Oid; conflicts: string[]; step: string }> {
  const draft = await readDraft(repository, key)
  const { head } = draft
  if (draft.base === head.commit) return { base: head.commit, conflicts: [], step: '' }
  const merged = await mergeTrees(repository, { base: draft.baseTree, ours: draft.tree, theirs: head.tree })
  if (merged.conflicts.length > 0 && onConflict === 'refuse') {
    throw mergeConflict(
      await changesInWay(repository, { base: draft.base, head: head.commit, paths: merged.conflicts }),
      'Choose a side for each file, or resolve the conflict markers in the text.',
      head.commit,
    )
  }
  const sides =
    onConflict === 'theirs' ? { winner: head.tree, loser: draft.tree } : { winner: draft.tree, loser: head.tree }
  const tree = onConflict === 'markers' ? merged.tree : await decideConflicts(repository, merged, sides)
  const { step } = await keepDraft(repository, key, {
    draft,
    tree,
    base: head.commit,
    batch: new ObjectBatch(repository),
    step: { kind: 'update', path: null, from: null },
  })
  return { base: head.commit, conflicts: merged.conflicts.map(shownPath), step }
}

async function treeOf(repository: Repository, commit: Oid): Promise<Oid> {
  return (await readCommit(repository, commit)).tree
}
