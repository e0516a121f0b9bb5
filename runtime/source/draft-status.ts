import { changesInWay, type ChangeInWay } from './changes-in-way.ts'
import { listDrafts, readDraft, type DraftKey } from './drafts.ts'
import type { Repository } from './naming.ts'
import type { Oid } from './objects.ts'
import { treeAt } from './object-reader.ts'
import { rawPath, shownPath } from './path.ts'
import { compareTrees, entryAt, type TreeChange } from './tree-edit.ts'

export interface ChangedFile {
  path: string
  status: 'added' | 'modified' | 'deleted' | 'renamed'
  /** Before a rename. */
  from?: string
  oldHash: Oid | null
  newHash: Oid | null
}

export interface DraftStatus {
  /** Null while nothing was ever saved. */
  commit: Oid | null
  tree: Oid
  base: Oid
  head: Oid
  headBranch: string
  savedAt: string | null
  files: ChangedFile[]
  /** The head has moved since the draft was begun. */
  behind: boolean
  /** Files of the draft that somebody else has changed meanwhile. */
  alsoChanged: ChangeInWay[]
}

export async function draftStatus(repository: Repository, key: DraftKey): Promise<DraftStatus> {
  const draft = await readDraft(repository, key)
  const changes = await compareTrees(repository, draft.baseTree, draft.tree)
  const behind = draft.base !== draft.head.commit
  const mine = new Set(changes.map((change) => change.path))
  const incoming = behind
    ? (await compareTrees(repository, draft.baseTree, draft.head.tree)).map((change) => change.path)
    : []
  const both = incoming.filter((path) => mine.has(path))
  return {
    commit: draft.commit,
    tree: draft.tree,
    base: draft.base,
    head: draft.head.commit,
    headBranch: draft.head.branch,
    savedAt: draft.savedAt,
    files: describeChanges(changes),
    behind,
    alsoChanged:
      both.length === 0
        ? []
        : await changesInWay(repository, { base: draft.base, head: draft.head.commit, paths: both }),
  }
}

/** A file that went and one of the same content that came are one that was renamed. */
export function describeChanges(changes: TreeChange[]): ChangedFile[] {
  const gone = new Map<Oid, TreeChange[]>()
  for (const change of changes) {
    if (change.before === undefined || change.after !== undefined) continue
    gone.set(change.before.oid, [...(gone.get(change.before.oid) ?? []), change])
  }
  const renamedFrom = new Map<TreeChange, TreeChange>()
  for (const change of changes) {
    if (change.before !== undefined || change.after === undefined) continue
    const from = gone.get(change.after.oid)?.shift()
    if (from !== undefined) renamedFrom.set(change, from)
  }
  const absorbed = new Set(renamedFrom.values())
  return changes
    .filter((change) => !absorbed.has(change))
    .map((change): ChangedFile => {
      const from = renamedFrom.get(change)
      const hashes = { oldHash: (from ?? change).before?.oid ?? null, newHash: change.after?.oid ?? null }
      if (from !== undefined)
        return { path: shownPath(change.path), status: 'renamed', from: shownPath(from.path), ...hashes }
      return {
        path: shownPath(change.path),
        status: change.before === undefined ? 'added' : change.after === undefined ? 'deleted' : 'modified',
        ...hashes,
      }
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

export interface ElsewhereDraft {
  userId: string
  environment: string
  savedAt: string
}

/** Other people's drafts in which a file is changed, so that two who edit it are told. */
export async function draftsTouching(
  repository: Repository,
  input: { path: string; userId: string; environment?: string },
): Promise<ElsewhereDraft[]> {
  const found: ElsewhereDraft[] = []
  for (const draft of await listDrafts(repository)) {
    if (draft.userId === input.userId || (input.environment !== undefined && draft.environment !== input.environment))
      continue
    const [before, now] = [
      await entryAt(repository, await treeAt(repository, draft.base), rawPath(input.path)),
      await entryAt(repository, draft.tree, rawPath(input.path)),
    ]
    if (before?.oid !== now?.oid)
      found.push({ userId: draft.userId, environment: draft.environment, savedAt: draft.savedAt })
  }
  return found
}
