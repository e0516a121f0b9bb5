import { PlatformError } from '#contract/errors.ts'
import { changesInWay } from './changes-in-way.ts'
import type { Step } from './draft-steps.ts'
import { keepDraft, readDraft, type Draft, type DraftKey } from './drafts.ts'
import { checkTreeLimits, fileTooLarge, maxFileBytes } from './limits.ts'
import type { Repository } from './naming.ts'
import { ObjectBatch } from './object-batch.ts'
import type { Oid, TreeEntry } from './objects.ts'
import { treeAt } from './object-reader.ts'
import { checkPath, rawPath, shownPath } from './path.ts'
import { editTree, entryAt, walkTree } from './tree-edit.ts'

export interface Saved {
  path: string
  /** Hash of the content, to be given as `expectedHash` of the next save. */
  hash: Oid
  size: number
  savedAt: string | null
  /** Undoes it (draft-history.ts); empty when nothing changed. */
  step: string
}

type Edits = Map<string, TreeEntry | undefined>

export interface SaveInput {
  path: string
  content: string | Uint8Array
  /** Hash of the content that the person began from; null when the file is to be new. */
  expectedHash: string | null
}

/** Saves one file, refused as `conflict` when it is not any more what the person began from. */
export async function saveFile(repository: Repository, key: DraftKey, input: SaveInput): Promise<Saved> {
  const batch = new ObjectBatch(repository)
  return await putFile(repository, key, { ...blobOf(input, batch), batch, kind: 'save' })
}

/** The draft's tree with one file saved, in the batch alone; refused as {@link saveFile}. */
export async function treeWithSaved(
  repository: Repository,
  key: DraftKey,
  draft: Draft,
  input: SaveInput,
  batch: ObjectBatch,
): Promise<Oid> {
  const edits = await editsOf(repository, key, draft, blobOf(input, batch))
  return edits === undefined ? draft.tree : await edited(repository, { draft, edits, batch })
}

function blobOf(input: SaveInput, batch: ObjectBatch): PutFile {
  const path = checkPath(input.path)
  const body = typeof input.content === 'string' ? Buffer.from(input.content, 'utf8') : input.content
  if (body.length > maxFileBytes) throw fileTooLarge(path)
  return { path, hash: batch.add('blob', body), size: body.length, expectedHash: input.expectedHash }
}

interface PutFile {
  path: string
  hash: Oid
  size: number
  expectedHash: string | null | undefined
  executable?: boolean
}

/** Puts a blob of the batch at a path; `expectedHash` undefined replaces whatever file is there. */
export async function putFile(
  repository: Repository,
  key: DraftKey,
  file: PutFile & { batch: ObjectBatch; kind: 'save' | 'upload' },
): Promise<Saved> {
  const { path, hash, size, batch } = file
  const draft = await readDraft(repository, key)
  const edits = await editsOf(repository, key, draft, file)
  if (edits === undefined) return { path, hash, size, savedAt: draft.savedAt, step: '' }
  const { savedAt, step } = await applyEdits(repository, key, {
    draft,
    edits,
    batch,
    step: { kind: file.kind, path, from: null },
  })
  return { path, hash, size, savedAt, step }
}

/** Undefined where the file is like that already. */
async function editsOf(repository: Repository, key: DraftKey, draft: Draft, file: PutFile): Promise<Edits | undefined> {
  const { path, hash } = file
  const before = await entryAt(repository, draft.tree, rawPath(path))
  if (before?.mode === '120000' || before?.mode === '160000')
    throw new PlatformError('bad_request', `${path} is a link, which cannot be edited here`, { field: 'path' })
  if (file.expectedHash !== undefined && (before?.oid ?? null) !== file.expectedHash && before?.oid !== hash)
    throw await stale(repository, key, { draft, path, before })
  await refuseClash(repository, draft.tree, path, before)
  const mode = file.executable === undefined ? (before?.mode ?? '100644') : file.executable ? '100755' : '100644'
  return before?.oid === hash && before.mode === mode ? undefined : new Map([[rawPath(path), { mode, oid: hash }]])
}

/** Renames or moves a file or a folder. */
export async function movePath(
  repository: Repository,
  key: DraftKey,
  input: { from: string; to: string; expectedHash?: string },
): Promise<{ moved: number; step: string }> {
  const to = checkPath(input.to, 'to')
  const draft = await readDraft(repository, key)
  const entry = await existing(repository, { draft, key, path: input.from, expectedHash: input.expectedHash })
  if (input.from === to) return { moved: 0, step: '' }
  if (to.startsWith(`${input.from}/`))
    throw new PlatformError('invalid_path', `${input.from} cannot be moved into itself`, { field: 'to' })
  const there = await entryAt(repository, draft.tree, rawPath(to))
  if (there !== undefined) throw new PlatformError('name_taken', `${to} already exists`, { field: 'to' })
  // Moving `a/b` to `a` would put it in the place of its own folder.
  if (input.from.startsWith(`${to}/`)) throw new PlatformError('name_taken', `${to} is a folder`, { field: 'to' })
  await refuseClash(repository, draft.tree, to, undefined)
  let moved = 1
  if (entry.mode === '40000') {
    moved = 0
    for await (const { path } of walkTree(repository, entry.oid)) {
      checkPath(`${to}/${shownPath(path)}`, 'to')
      moved++
    }
  }
  const { step } = await applyEdits(repository, key, {
    draft,
    edits: new Map([
      [rawPath(input.from), undefined],
      [rawPath(to), entry],
    ]),
    batch: new ObjectBatch(repository),
    step: { kind: 'move', path: to, from: input.from },
  })
  return { moved, step }
}

/** Deletes a file or a folder with all that is in it. */
export async function removePath(
  repository: Repository,
  key: DraftKey,
  input: { path: string; expectedHash?: string },
): Promise<{ step: string }> {
  const draft = await readDraft(repository, key)
  await existing(repository, { draft, key, path: input.path, expectedHash: input.expectedHash })
  return await applyEdits(repository, key, {
    draft,
    edits: new Map([[rawPath(input.path), undefined]]),
    batch: new ObjectBatch(repository),
    step: { kind: 'remove', path: input.path, from: null },
  })
}

/** Puts a file or a folder back as it was in the base; without a path all of it, on the head as it is now. */
export async function revertPath(repository: Repository, key: DraftKey, path?: string): Promise<{ step: string }> {
  const draft = await readDraft(repository, key)
  const step = { kind: 'revert', path: path ?? null, from: null } as const
  const batch = new ObjectBatch(repository)
  if (path === undefined) {
    if (draft.commit === null) return { step: '' }
    return await keepDraft(repository, key, { draft, tree: draft.head.tree, base: draft.head.commit, batch, step })
  }
  const [before, now] = [
    await entryAt(repository, draft.baseTree, rawPath(path)),
    await entryAt(repository, draft.tree, rawPath(path)),
  ]
  if (before === undefined && now === undefined) throw missing(path)
  if (before?.oid === now?.oid && before?.mode === now?.mode) return { step: '' }
  if (before !== undefined) await refuseClash(repository, draft.tree, path, now, true)
  return await applyEdits(repository, key, { draft, edits: new Map([[rawPath(path), before]]), batch, step })
}

/** Makes the draft what a commit is, on the head as it is now: what it differs in is the draft's changes. */
export async function takeCommit(repository: Repository, key: DraftKey, commit: Oid): Promise<{ step: string }> {
  const draft = await readDraft(repository, key)
  const tree = await treeAt(repository, commit)
  return await keepDraft(repository, key, {
    draft,
    tree,
    base: draft.head.commit,
    batch: new ObjectBatch(repository),
    step: { kind: 'take', path: null, from: null },
  })
}

async function applyEdits(
  repository: Repository,
  key: DraftKey,
  change: { draft: Draft; edits: Edits; batch: ObjectBatch; step: Step },
): Promise<{ savedAt: string; step: string }> {
  const { draft, batch, step } = change
  return await keepDraft(repository, key, { draft, tree: await edited(repository, change), batch, step })
}

async function edited(
  repository: Repository,
  { draft, edits, batch }: { draft: Draft; edits: Edits; batch: ObjectBatch },
): Promise<Oid> {
  const tree = await editTree(repository, draft.tree, edits, batch)
  // Sizes and folders of the batch are known already, so a refused edit costs no write.
  if ([...edits.values()].some((entry) => entry !== undefined)) await checkTreeLimits(repository, tree)
  return tree
}

async function existing(
  repository: Repository,
  at: { draft: Draft; key: DraftKey; path: string; expectedHash: string | undefined },
): Promise<TreeEntry> {
  const entry = await entryAt(repository, at.draft.tree, rawPath(at.path))
  if (entry === undefined) {
    checkPath(at.path)
    throw missing(at.path)
  }
  if (at.expectedHash !== undefined && entry.oid !== at.expectedHash)
    throw await stale(repository, at.key, { draft: at.draft, path: at.path, before: entry })
  return entry
}

/** A file may not take a folder's place, nor lie below a file. */
export async function refuseClash(
  repository: Repository,
  tree: Oid,
  path: string,
  there: TreeEntry | undefined,
  mayReplaceFolder = false,
): Promise<void> {
  if (there?.mode === '40000' && !mayReplaceFolder)
    throw new PlatformError('name_taken', `${path} is a folder`, { field: 'path' })
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const folder = path.slice(0, slash)
    const entry = await entryAt(repository, tree, rawPath(folder))
    if (entry !== undefined && entry.mode !== '40000')
      throw new PlatformError('name_taken', `${folder} is a file, not a folder`, { field: 'path' })
  }
}

/** Says what is there now, and who put it there: the person in another tab, or a colleague's commit. */
async function stale(
  repository: Repository,
  key: DraftKey,
  at: { draft: Draft; path: string; before: TreeEntry | undefined },
): Promise<PlatformError> {
  const { draft, path, before } = at
  const base = await entryAt(repository, draft.baseTree, rawPath(path))
  const own = base?.oid !== before?.oid
  const [change] = own
    ? []
    : await changesInWay(repository, { base: undefined, head: draft.base, paths: [rawPath(path)] })
  const data = own
    ? { userId: key.userId, author: null, commit: null, time: draft.savedAt }
    : { userId: null, author: change?.author ?? null, commit: change?.commit ?? null, time: change?.time ?? null }
  const who = own ? 'in another window' : `by ${change?.author || 'someone'}`
  const message =
    before === undefined
      ? `${path} was deleted ${who} since you opened it`
      : `${path} was changed ${who} since you opened it`
  return new PlatformError('conflict', message, {
    fix: 'Compare both versions, then overwrite it or use the other version.',
    field: 'path',
    data: { path, hash: before?.oid ?? null, ...data },
  })
}

function missing(path: string): PlatformError {
  return new PlatformError('not_found', `file ${path} does not exist`, { field: 'path' })
}
