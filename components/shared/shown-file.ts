import type { TreeEntry } from '#contract/source.ts'

/** The one that is asked for, else where a program usually begins; the same for the server that prefetches and the browser that reads. */
export function shownFile(tree: readonly TreeEntry[], asked: string | undefined): TreeEntry | undefined {
  const files = tree.filter(({ kind }) => kind === 'file')
  return (
    files.find(({ path }) => path === asked) ??
    files.find(({ path }) => /^(index\.[jt]sx?|main\.\w+|app\.\w+)$/.test(path)) ??
    files[0]
  )
}
