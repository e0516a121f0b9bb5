import type { Deployment } from '#contract/records.ts'

/** Whose README: the revision's that serves, or the draft's where nothing does. Source is asked for by whole hashes. */
export function readmeRef(deployments: readonly Pick<Deployment, 'current' | 'commit'>[]): { commit: string } | { draft: true } {
  const serving = deployments.find(({ current }) => current)
  return serving === undefined ? { draft: true } : { commit: serving.commit }
}

export const readmePath = (tree: readonly { path: string; kind: string }[]): string | undefined =>
  tree.find(({ path, kind }) => kind === 'file' && /^readme(\.(md|markdown|txt))?$/i.test(path))?.path
