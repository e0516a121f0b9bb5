import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DraftStepKind, OnConflict } from '#contract/source.ts'
import { commitArchive, type ArchiveInput } from './archives.ts'
import { advanceBranch, branchAt, hasBranch, headOf, listBranches, removeBranch } from './branches.ts'
import { closeCatFiles } from './cat-file.ts'
import { diffCommit, diffFile, diffTrees } from './diff.ts'
import { commitDraft, updateDraft, type CommitInput } from './draft-commit.ts'
import { movePath, removePath, revertPath, saveFile, takeCommit, type SaveInput } from './draft-edits.ts'
import { draftHistory, markDraft, restoreDraft } from './draft-history.ts'
import { draftStatus, draftsTouching } from './draft-status.ts'
import { uploadFile, type UploadInput } from './draft-upload.ts'
import { listDrafts, readDraft, type DraftKey } from './drafts.ts'
import { type Exported, exportTree, treeOf } from './exports.ts'
import { apart, commitOf, containsCommit, logOf } from './history.ts'
import type { Landed } from './land-tree.ts'
import { Locks } from './locks.ts'
import { maintain } from './maintenance.ts'
import { merge, mergeInto } from './merges.ts'
import { checkOid, type Person, type Repository } from './naming.ts'
import { streamBlob } from './object-reader.ts'
import type { Oid } from './objects.ts'
import { forgetEnvironment, parkBranch, unparkBranch } from './parked-branches.ts'
import { forkRepository } from './fork-repository.ts'
import {
  createRepository,
  deleteRepository,
  emptyTrash,
  openRepository,
  repositoryExists,
  restoreRepository,
  type InitialFile,
} from './repositories.ts'
import { searchTree, type SearchEvent, type SearchInput } from './search.ts'
import { serveGit, type ServeInput } from './serve-git.ts'
import { listFiles, readContent, readFile, streamFile } from './trees.ts'

export type Source = ReturnType<typeof openSource>

/** All that the platform does with services' source, over bare repositories at {home}/source/{serviceId}.git. */
export function openSource({ home }: { home: string }) {
  const locks = new Locks()
  const at = (serviceId: string) => openRepository(home, serviceId)
  const branchLock = <T>(serviceId: string, work: () => Promise<T>) => locks.run(`branch ${serviceId}`, work)

  /** Work on one draft, one after the other. */
  async function drafting<T>(key: DraftKey, work: (repository: Repository) => Promise<T>): Promise<T> {
    const repository = await at(key.serviceId)
    return await locks.run(`draft ${key.serviceId} ${key.userId} ${key.environment}`, () => work(repository))
  }

  return {
    repositories: {
      create: (input: { serviceId: string; files: InitialFile[]; author: Person; message?: string }) =>
        branchLock(input.serviceId, () => createRepository(home, input)),
      /** With all of the history up to a commit of another service's, and nothing else of it. */
      fork: (input: { serviceId: string; fromId: string; commit: Oid }) =>
        branchLock(input.serviceId, async () =>
          forkRepository(home, {
            serviceId: input.serviceId,
            from: await at(input.fromId),
            commit: checkOid(input.commit),
          }),
        ),
      exists: (serviceId: string) => repositoryExists(home, serviceId),
      delete: (serviceId: string) => branchLock(serviceId, () => deleteRepository(home, serviceId)),
      restore: (serviceId: string) => branchLock(serviceId, () => restoreRepository(home, serviceId)),
      emptyTrash: (olderThan: Date) => emptyTrash(home, olderThan),
      maintain: async (serviceId: string) => maintain(await at(serviceId)),
      path: async (serviceId: string) => (await at(serviceId)).dir,
    },
    branches: {
      head: async (input: { serviceId: string; branches: string[] }) =>
        headOf(await at(input.serviceId), input.branches),
      list: async (input: { serviceId: string }) => listBranches(await at(input.serviceId)),
      has: async (input: { serviceId: string; branch: string }) => hasBranch(await at(input.serviceId), input.branch),
      park: (input: { serviceId: string; branch: string; environmentId: string }) =>
        branchLock(input.serviceId, async () => parkBranch(await at(input.serviceId), input)),
      unpark: (input: { serviceId: string; branch: string; environmentId: string }) =>
        branchLock(input.serviceId, async () => unparkBranch(await at(input.serviceId), input)),
      /** For good: what was parked of an environment, and its drafts. */
      forget: (input: { serviceId: string; environmentId: string }) =>
        branchLock(input.serviceId, async () => forgetEnvironment(await at(input.serviceId), input.environmentId)),
      advance: async (input: { serviceId: string; branch: string; to: Oid; expected: Oid | undefined }) =>
        advanceBranch(await at(input.serviceId), { ...input, to: checkOid(input.to, 'to') }),
      at: async (input: { serviceId: string; branch: string }) => branchAt(await at(input.serviceId), input.branch),
      remove: (input: { serviceId: string; branch: string; expected: Oid }) =>
        branchLock(input.serviceId, async () =>
          removeBranch(await at(input.serviceId), { ...input, expected: checkOid(input.expected, 'expected') }),
        ),
    },
    trees: {
      list: async (input: { serviceId: string; tree: Oid }) =>
        listFiles(await at(input.serviceId), checkOid(input.tree, 'tree')),
      read: async (input: { serviceId: string; tree: Oid; path: string }) =>
        readFile(await at(input.serviceId), checkOid(input.tree, 'tree'), input.path),
      stream: async (input: { serviceId: string; tree: Oid; path: string }) =>
        streamFile(await at(input.serviceId), checkOid(input.tree, 'tree'), input.path),
      readBlob: async (input: { serviceId: string; hash: Oid }) =>
        readContent(await at(input.serviceId), checkOid(input.hash, 'hash')),
      streamBlob: async (input: { serviceId: string; hash: Oid }) =>
        streamBlob(await at(input.serviceId), checkOid(input.hash, 'hash')),
      of: async (input: { serviceId: string; commit: Oid }) =>
        treeOf(await at(input.serviceId), checkOid(input.commit)),
      export: async (input: { serviceId: string; commit: Oid; into: string; like?: Exported | undefined }) =>
        exportTree(await at(input.serviceId), { ...input, commit: checkOid(input.commit) }),
    },
    history: {
      log: async (input: { serviceId: string; from: Oid; skip?: number; limit?: number; path?: string }) =>
        logOf(await at(input.serviceId), { ...input, from: checkOid(input.from, 'from') }),
      commit: async (input: { serviceId: string; commit: Oid }) =>
        commitOf(await at(input.serviceId), checkOid(input.commit)),
      contains: async (input: { serviceId: string; commit: Oid; ancestor: Oid }) =>
        containsCommit(await at(input.serviceId), {
          commit: checkOid(input.commit),
          ancestor: checkOid(input.ancestor, 'ancestor'),
        }),
      apart: async (input: { serviceId: string; ours: Oid; theirs: Oid }) =>
        apart(await at(input.serviceId), {
          ours: checkOid(input.ours, 'ours'),
          theirs: checkOid(input.theirs, 'theirs'),
        }),
      diff: async (input: { serviceId: string; from: Oid; to: Oid }) =>
        diffTrees(await at(input.serviceId), { from: checkOid(input.from, 'from'), to: checkOid(input.to, 'to') }),
      diffCommit: async (input: { serviceId: string; commit: Oid }) =>
        diffCommit(await at(input.serviceId), checkOid(input.commit)),
      diffFile: async (input: {
        serviceId: string
        from: Oid
        to: Oid
        path: string
        oldPath?: string
        context?: number
      }) =>
        diffFile(await at(input.serviceId), {
          ...input,
          from: checkOid(input.from, 'from'),
          to: checkOid(input.to, 'to'),
        }),
    },
    drafts: {
      /** Where the draft is: `tree` goes to `trees` and `search`. */
      open: async (key: DraftKey) => readDraft(await at(key.serviceId), key),
      status: async (key: DraftKey) => draftStatus(await at(key.serviceId), key),
      list: async (input: { serviceId: string }) => listDrafts(await at(input.serviceId)),
      touching: async (input: { serviceId: string; path: string; userId: string; environment?: string }) =>
        draftsTouching(await at(input.serviceId), input),
      saveFile: (input: DraftKey & SaveInput) => drafting(input, (repository) => saveFile(repository, input, input)),
      upload: async (input: DraftKey & UploadInput) =>
        uploadFile(await at(input.serviceId), input, input, (work) => drafting(input, work)),
      move: (input: DraftKey & { from: string; to: string; expectedHash?: string }) =>
        drafting(input, (repository) => movePath(repository, input, input)),
      remove: (input: DraftKey & { path: string; expectedHash?: string }) =>
        drafting(input, (repository) => removePath(repository, input, input)),
      revert: (input: DraftKey & { path?: string }) =>
        drafting(input, (repository) => revertPath(repository, input, input.path)),
      update: (input: DraftKey & { onConflict: OnConflict }) =>
        drafting(input, (repository) => updateDraft(repository, input, input.onConflict)),
      history: async (key: DraftKey) => draftHistory(await at(key.serviceId), key),
      mark: (input: DraftKey & { kind: DraftStepKind }) =>
        drafting(input, (repository) => markDraft(repository, input, input.kind)),
      restore: (input: DraftKey & { step: string; paths: readonly string[] | null }) =>
        drafting(input, (repository) => restoreDraft(repository, input, input)),
      take: (input: DraftKey & { commit: Oid }) =>
        drafting(input, (repository) => takeCommit(repository, input, checkOid(input.commit))),
      commit: (input: DraftKey & CommitInput) =>
        new Promise<Landed & { message: string }>((resolve, reject) => {
          drafting(input, (repository) =>
            branchLock(input.serviceId, () => commitDraft(repository, input, input, resolve)),
          ).catch(reject)
        }),
    },
    archives: {
      commit: async (input: { serviceId: string } & ArchiveInput) =>
        commitArchive(await at(input.serviceId), input, (work) => branchLock(input.serviceId, work)),
    },
    merges: {
      merge: async (input: { serviceId: string; ours: Oid; theirs: Oid; base?: Oid }) =>
        merge(await at(input.serviceId), {
          ours: checkOid(input.ours, 'ours'),
          theirs: checkOid(input.theirs, 'theirs'),
          ...(input.base !== undefined && { base: checkOid(input.base, 'base') }),
        }),
      into: (input: { serviceId: string; branches: string[]; other: Oid; author: Person; message: string }) =>
        branchLock(input.serviceId, async () =>
          mergeInto(await at(input.serviceId), { ...input, other: checkOid(input.other, 'other') }),
        ),
    },
    async *search(input: { serviceId: string } & SearchInput): AsyncGenerator<SearchEvent> {
      yield* searchTree(await at(input.serviceId), { ...input, tree: checkOid(input.tree, 'tree') })
    },
    serveGit: async (request: IncomingMessage, response: ServerResponse, input: ServeInput & { serviceId: string }) =>
      serveGit(await at(input.serviceId), request, response, input),
    async close() {
      await locks.settled()
      await closeCatFiles()
    },
  }
}
