import type { Deployment } from '#contract/records.ts'

/** Whose README: the revision's that serves, or the draft's where nothing does. Source is asked for by whole hashes. */
export function readmeRef(
  deployments: readonly Pick<Deployment, 'current' | 'commit'>[],
): { commit: string } | { draft: true } {
  const serving = deployments.find(({ current }) => current)
  return serving === undefined ? { draft: true } : { commit: serving.commit }
}

const readmePath = (tree: readonly { path: string; kind: string }[]): string | undefined =>
  tree.find(({ path, kind }) => kind === 'file' && /^readme(\.(md|markdown|txt))?$/i.test(path))?.path

/** The README first, then what is under docs/, by path. */
export function docPaths(tree: readonly { path: string; kind: string }[]): string[] {
  const readme = readmePath(tree)
  const docs = tree
    .filter(({ path, kind }) => kind === 'file' && /^docs\/.+\.(md|markdown)$/i.test(path))
    .map(({ path }) => path)
  return [...(readme === undefined ? [] : [readme]), ...docs.sort()].slice(0, 40)
}
