import { headOf, type Head } from './branches.ts'
import { draftRef, type Repository } from './naming.ts'
import { readCommit } from './object-reader.ts'
import { ObjectBatch } from './object-batch.ts'
import type { Commit, Oid } from './objects.ts'
import { PlatformError } from '#contract/errors.ts'
import { appendLog, beginStep, endStep, type Step } from './draft-steps.ts'
import { listRefs, moveRef, readRef } from './refs.ts'

/** One person's working copy of a service in an environment. */
export interface DraftKey {
  serviceId: string
  userId: string
  environment: string
  /** Branches of the environment and its parents, own first, main last: `['alice', 'staging', 'main']`. */
  branches: string[]
}

export interface Draft {
  /** The draft's own commit; null while the person has changed nothing and simply sees the head. */
  commit: Oid | null
  tree: Oid
  /** Revision that it was begun from. */
  base: Oid
  baseTree: Oid
  head: Head
  /** ISO 8601, of the last save; null without one. */
  savedAt: string | null
}

/**
 * A draft is a commit at refs/m3o/drafts/{user}/{environment}, whose parent is its base. One without changes follows the
 * head, so that nobody edits an old text without need.
 */
export async function readDraft(repository: Repository, key: DraftKey): Promise<Draft> {
  const head = await headOf(repository, key.branches)
  const commit = await readRef(repository, draftRef(key.userId, key.environment))
  const saved = commit === undefined ? undefined : await readCommit(repository, commit)
  const base = saved?.parents[0]
  if (commit === undefined || saved === undefined || base === undefined || saved.tree === head.tree)
    return untouched(head, commit, saved)
  const baseTree = (await readCommit(repository, base)).tree
  if (baseTree === saved.tree) return untouched(head, commit, saved)
  return { commit, tree: saved.tree, base, baseTree, head, savedAt: isoTime(saved.time) }
}

function untouched(head: Head, commit: Oid | undefined, saved: Commit | undefined): Draft {
  return {
    commit: commit ?? null,
    tree: head.tree,
    base: head.commit,
    baseTree: head.tree,
    head,
    savedAt: saved ? isoTime(saved.time) : null,
  }
}

interface Kept {
  draft: Draft
  tree: Oid
  base?: Oid
  batch: ObjectBatch
  lazy?: boolean
  /** What the person did, for the history of the draft. */
  step?: Step & { marked?: boolean }
}

/** Keeps a draft's new tree, after the objects in the batch; only one save at a time may run for a draft. `step` in the answer undoes it. */
export async function keepDraft(
  repository: Repository,
  key: DraftKey,
  kept: Kept,
): Promise<{ commit: Oid; savedAt: string; step: string }> {
  const { draft, step } = kept
  const time = Math.floor(Date.now() / 1000)
  const commit = kept.batch.commit({
    tree: kept.tree,
    parents: [kept.base ?? draft.base],
    author: { name: key.userId, email: '' },
    time,
    message: `Draft for ${key.environment}`,
  })
  await kept.batch.flush()
  const ref = draftRef(key.userId, key.environment)
  const begun =
    step && beginStep(repository, ref, step, { commit: draft.commit, tree: draft.tree, base: draft.base, next: commit })
  if (step === undefined) endStep(repository, ref)
  const line = begun?.line
  const moved =
    (commit === draft.commit && line === undefined) ||
    (await moveRef(repository, ref, {
      to: commit,
      expected: draft.commit ?? undefined,
      lazy: kept.lazy ?? false,
      ...(line !== undefined && { inLock: () => appendLog(repository, ref, line) }),
    }))
  if (!moved)
    throw new PlatformError('conflict', 'the draft was changed at the same moment', {
      fix: 'Save again.',
    })
  return { commit, savedAt: isoTime(time), step: begun?.id ?? '' }
}

export interface ListedDraft {
  userId: string
  environment: string
  commit: Oid
  tree: Oid
  base: Oid
  savedAt: string
}

/** Drafts with changes, of everyone. */
export async function listDrafts(repository: Repository): Promise<ListedDraft[]> {
  const drafts: ListedDraft[] = []
  for (const [ref, commit] of await listRefs(repository, 'refs/m3o/drafts/')) {
    const [, , , userId = '', environment = ''] = ref.split('/')
    const {
      tree,
      parents: [base],
      time,
    } = await readCommit(repository, commit)
    if (base === undefined || (await readCommit(repository, base)).tree === tree) continue
    drafts.push({ userId, environment, commit, tree, base, savedAt: isoTime(time) })
  }
  return drafts
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
