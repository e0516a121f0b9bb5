import { useQueryClient } from '@tanstack/react-query'
import { useSearchParams } from 'next/navigation'
import { useEffect } from 'react'
import { useTRPC } from '#client/trpc.ts'
import type { TreeEntry } from '#contract/source.ts'
import { firstFile } from './first-file.ts'
import { type Ide, useIde } from './ide.ts'
import { fileTab } from './workspace.ts'

/** What the address names, or on a first look what a service begins with. */
export function useFirstFile(tree: readonly TreeEntry[]): void {
  const { workspace } = useIde()
  const search = useSearchParams()
  const [path, line, column] = [search.get('path'), search.get('line'), search.get('column')]
  useEffect(() => {
    if (path !== null)
      return workspace.open(
        fileTab(path),
        line === null ? {} : { at: { line: Number(line) || 1, column: Number(column) || 1 } },
      )
    if (workspace.get().tabs.length > 0) return
    const paths = tree.map((entry) => entry.path)
    const first = firstFile(paths)
    if (first !== undefined) workspace.open(fileTab(first), { focus: false })
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- a change of the tree opens no file: the person does
  }, [path, line, column])
}

/** When the draft changed elsewhere, texts follow, and a file that is gone takes its tab along. Events missed are asked for again. */
export function useFollowing({ documents, language, at }: Ide, tree: readonly TreeEntry[]): void {
  const queries = useQueryClient()
  const trpc = useTRPC()
  useEffect(() => documents.follow(tree), [documents, tree])
  useEffect(
    () => language.setFiles(tree.filter(({ kind }) => kind === 'file').map(({ path }) => path)),
    [language, tree],
  )
  useEffect(() => {
    const leave = () => documents.nudge()
    const back = () => {
      documents.nudge()
      void queries.invalidateQueries(trpc.source.status.queryFilter(at))
    }
    document.addEventListener('visibilitychange', leave)
    window.addEventListener('online', back)
    return () => {
      document.removeEventListener('visibilitychange', leave)
      window.removeEventListener('online', back)
    }
  }, [documents, queries, trpc, at])
}
