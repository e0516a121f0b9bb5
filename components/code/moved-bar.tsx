'use client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { GitMerge } from 'lucide-react'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { Bar } from './conflict-bar.tsx'
import { useIde, useStatus } from './ide.ts'
import { fileTab } from './workspace.ts'

/** Somebody committed since the draft was begun: it can be brought onto that before it is deployed. */
export function MovedBar() {
  const { at, draft, documents, workspace, readOnly } = useIde()
  const { base, head } = useStatus()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const moved = base !== head
  const { data: history } = useQuery({ ...trpc.source.history.queryOptions({ ...at, limit: 50 }), enabled: moved })
  const update = useMutation({
    mutationFn: async () => {
      await documents.flush()
      return draft.update()
    },
    onSuccess: async ({ conflicts }) => {
      await Promise.all([queries.invalidateQueries(trpc.source.tree.pathFilter()), queries.invalidateQueries(trpc.source.status.pathFilter())])
      const [first] = conflicts
      if (first === undefined) return toastDone('Your draft is up to date')
      workspace.open(fileTab(first))
      toastDone(conflicts.length === 1 ? `${first} needs you` : `${conflicts.length} files need you`, { description: 'Both texts are in it, between <<<<<<< and >>>>>>>: keep what is right.' })
    },
    onError: toastError,
  })
  if (!moved) return null
  const count = history?.findIndex(({ commit }) => commit === base) ?? -1
  const words = count === 1 ? '1 commit' : count > 1 ? `${count} commits` : 'newer commits'
  return (
    <Bar icon={<GitMerge aria-hidden />} tone="accent">
      <span>{at.environment} moved on: {words} since you began.</span>
      <Button size="small" reason={readOnly} busy={update.isPending} onClick={() => update.mutate()}>Update the draft</Button>
    </Bar>
  )
}
