import { branchRef, parkedRef, type Repository } from './naming.ts'
import { deleteRef, listRefs, moveRef, readRef } from './refs.ts'

/*
 * Branches of environments that are gone: out of the way of whoever takes their name, and back when they come back. Each
 * step can be taken again after a kill, and a branch is always at one of its two places at least.
 */

export async function parkBranch(
  repository: Repository,
  { branch, environmentId }: { branch: string; environmentId: string },
): Promise<void> {
  const commit = await readRef(repository, branchRef(branch))
  if (commit === undefined) return
  const parked = parkedRef(environmentId)
  await moveRef(repository, parked, { to: commit, expected: await readRef(repository, parked) })
  await deleteRef(repository, branchRef(branch), commit)
}

/** A branch that was pushed under its name meanwhile stays as it is, and so does what was parked. */
export async function unparkBranch(
  repository: Repository,
  { branch, environmentId }: { branch: string; environmentId: string },
): Promise<void> {
  const parked = parkedRef(environmentId)
  const commit = await readRef(repository, parked)
  if (commit === undefined) return
  const there = await readRef(repository, branchRef(branch))
  if (there === undefined && !(await moveRef(repository, branchRef(branch), { to: commit, expected: undefined })))
    return
  if (there === undefined || there === commit) await deleteRef(repository, parked, commit)
}

export async function forgetEnvironment(repository: Repository, environmentId: string): Promise<void> {
  const drafts = [...(await listRefs(repository, 'refs/m3o/drafts/')).keys()].filter((ref) =>
    ref.endsWith(`/${environmentId}`),
  )
  for (const ref of [parkedRef(environmentId), ...drafts])
    if ((await readRef(repository, ref)) !== undefined) await deleteRef(repository, ref)
}
