import { PlatformError } from '#contract/errors.ts'
import { branchRef, type Repository } from './naming.ts'
import { readCommit } from './object-reader.ts'
import type { Oid } from './objects.ts'
import { deleteRef, listRefs, moveRef, readRef } from './refs.ts'

export interface Head {
  /** The branch that gave it, which may be a parent's. */
  branch: string
  commit: Oid
  tree: Oid
}

/** Head of the first branch that exists: an environment's own, else its parent's, and so on to main. */
export async function headOf(repository: Repository, branches: string[]): Promise<Head> {
  for (const branch of branches) {
    const commit = await readRef(repository, branchRef(branch))
    if (commit !== undefined) return { branch, commit, tree: (await readCommit(repository, commit)).tree }
  }
  throw new PlatformError('not_found', 'this service has no source yet', { fix: 'Push to main, or deploy a folder.' })
}

export async function hasBranch(repository: Repository, branch: string): Promise<boolean> {
  return (await readRef(repository, branchRef(branch))) !== undefined
}

export async function listBranches(repository: Repository): Promise<{ branch: string; commit: Oid }[]> {
  return [...(await listRefs(repository, 'refs/heads/'))].map(([ref, commit]) => ({
    branch: ref.slice('refs/heads/'.length),
    commit,
  }))
}

/** Moves a branch to a commit that exists, only from where it is expected to be; for promotion and rollback. */
export async function advanceBranch(
  repository: Repository,
  input: { branch: string; to: Oid; expected: Oid | undefined },
): Promise<void> {
  await readCommit(repository, input.to)
  if (await moveRef(repository, branchRef(input.branch), input)) return
  throw new PlatformError('conflict', `the branch ${input.branch} has newer commits`, {
    fix: 'Check the newer commits, then try again.',
  })
}

/** Where a branch is; undefined when there is none. */
export function branchAt(repository: Repository, branch: string): Promise<Oid | undefined> {
  return readRef(repository, branchRef(branch))
}

/** Ends a branch, when nothing was added to it meanwhile. False: it is elsewhere. */
export async function removeBranch(repository: Repository, input: { branch: string; expected: Oid }): Promise<boolean> {
  const ref = branchRef(input.branch)
  if ((await readRef(repository, ref)) !== input.expected) return false
  await deleteRef(repository, ref, input.expected)
  return true
}
