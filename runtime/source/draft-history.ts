import { PlatformError } from '#contract/errors.ts'
import type { DraftStepKind } from '#contract/source.ts'
import { refuseClash } from './draft-edits.ts'
import { type KeptStep, listSteps } from './draft-steps.ts'
import { keepDraft, readDraft, type DraftKey } from './drafts.ts'
import { draftRef, type Repository } from './naming.ts'
import { ObjectBatch } from './object-batch.ts'
import type { TreeEntry } from './objects.ts'
import { rawPath } from './path.ts'
import { editTree, entryAt } from './tree-edit.ts'

/** What was done to a draft within the last day, newest first. */
export function draftHistory(repository: Repository, key: DraftKey): KeptStep[] {
  return listSteps(repository, draftRef(key.userId, key.environment))
}

/** Begins a step of several saves: they belong to it, and one restore undoes them all. */
export async function markDraft(repository: Repository, key: DraftKey, kind: DraftStepKind): Promise<{ step: string }> {
  const draft = await readDraft(repository, key)
  return await keepDraft(repository, key, {
    draft,
    tree: draft.tree,
    batch: new ObjectBatch(repository),
    step: { kind, path: null, from: null, marked: true },
  })
}

/**
 * Makes paths, or with null the whole draft, what they were before a step of the draft's own history. The whole of it is
 * compared with the source that the draft is based on now. This is a step too.
 */
export async function restoreDraft(
  repository: Repository,
  key: DraftKey,
  input: { step: string; paths: readonly string[] | null },
): Promise<{ step: string }> {
  const wanted = draftHistory(repository, key).find(({ id }) => id === input.step)
  if (wanted === undefined)
    throw new PlatformError('not_found', 'this step of your draft has expired', {
      fix: 'You can undo steps for one day.',
    })
  const draft = await readDraft(repository, key)
  const batch = new ObjectBatch(repository)
  const [only = null, ...others] = input.paths ?? []
  const step = { kind: 'restore', path: others.length > 0 ? null : only, from: null } as const
  if (input.paths === null) return await keepDraft(repository, key, { draft, tree: wanted.tree, batch, step })
  const edits = new Map<string, TreeEntry | undefined>()
  for (const path of input.paths) {
    const [before, now] = [
      await entryAt(repository, wanted.tree, rawPath(path)),
      await entryAt(repository, draft.tree, rawPath(path)),
    ]
    if (before?.oid !== now?.oid || before?.mode !== now?.mode) edits.set(rawPath(path), before)
  }
  const removed = await editTree(repository, draft.tree, new Map([...edits].map(([path]) => [path, undefined])), batch)
  for (const [path, before] of edits)
    if (before !== undefined) await refuseClash(repository, removed, path, undefined, true)
  return await keepDraft(repository, key, {
    draft,
    tree: await editTree(repository, draft.tree, edits, batch),
    batch,
    step,
  })
}
