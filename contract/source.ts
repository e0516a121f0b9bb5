import { z } from 'zod'

/** A service's source as the editor sees it: trees, files, drafts, history. Hashes are git's, of blobs and commits. */

/** Which tree: a commit's, or somebody's draft (which shows the branch's head until something is saved). */
export const treeRef = z.union([
  z.object({ commit: z.string() }),
  z.object({ draft: z.object({ userId: z.string(), environmentId: z.string() }) }),
])
export type TreeRef = z.infer<typeof treeRef>

export const changeKind = z.enum(['added', 'modified', 'deleted', 'renamed'])

export const treeEntry = z.object({
  path: z.string(),
  kind: z.enum(['file', 'symlink', 'submodule']),
  hash: z.string(),
  size: z.number(),
  executable: z.boolean(),
})
export type TreeEntry = z.infer<typeof treeEntry>

export const fileChange = z.object({
  path: z.string(),
  change: changeKind,
  /** The old path of a renamed file. */
  from: z.string().nullable(),
  oldHash: z.string().nullable(),
  newHash: z.string().nullable(),
  binary: z.boolean(),
  added: z.number(),
  removed: z.number(),
})
export type FileChange = z.infer<typeof fileChange>

/** What to do where both sides changed a file: refuse, leave markers in the text, or take one side. */
export const onConflict = z.enum(['refuse', 'markers', 'mine', 'theirs'])
export type OnConflict = z.infer<typeof onConflict>

/** What a person can do to a draft; `replace` and `upload` without a path are of several files, `take`: the draft became what a commit is. */
export const draftSteps = [
  'save',
  'upload',
  'move',
  'remove',
  'revert',
  'update',
  'replace',
  'restore',
  'take',
] as const
export type DraftStepKind = (typeof draftSteps)[number]

/** A step of a draft, kept for a day. */
export const draftStep = z.object({
  id: z.string(),
  kind: z.enum(draftSteps),
  path: z.string().nullable(),
  /** Of a move: the path before. */
  from: z.string().nullable(),
  at: z.number(),
  /** The draft was based on another commit then. */
  rebased: z.boolean(),
})
export type DraftStep = z.infer<typeof draftStep>

export const draftStatus = z.object({
  /** Commit that the draft began from. */
  base: z.string(),
  /** Head of the environment's branch now; differs from `base` when somebody else committed meanwhile. */
  head: z.string(),
  changes: z.array(fileChange),
  updatedAt: z.number().nullable(),
})

export const sourceFile = z.object({
  path: z.string(),
  hash: z.string(),
  size: z.number(),
  /** Null when binary or larger than 1 MiB: then it can be downloaded. */
  text: z.string().nullable(),
  binary: z.boolean(),
})
export type SourceFile = z.infer<typeof sourceFile>

export const commitRecord = z.object({
  commit: z.string(),
  parents: z.array(z.string()),
  message: z.string(),
  author: z.object({ name: z.string(), email: z.string() }),
  at: z.number(),
  /** Environments in which it serves now. */
  liveIn: z.array(z.string()),
})
export type CommitRecord = z.infer<typeof commitRecord>

export const searchMatch = z.object({
  path: z.string(),
  line: z.number(),
  column: z.number(),
  length: z.number(),
  preview: z.string(),
  /** Where the match begins in the preview, which is cut of a long line; from 1. */
  previewColumn: z.number(),
})
