'use client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { GitMerge, TriangleAlert } from 'lucide-react'
import { errorOf } from '#client/errors.ts'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import type { PlatformError } from '#contract/errors.ts'
import type { OnConflict } from '#contract/source.ts'
import { Button } from '#components/ui/button.tsx'
import { sentence } from '#components/ui/problem.ts'
import { Bar } from './conflict-bar.tsx'
import { useIde, useStatus } from './ide.ts'
import { fileTab } from './workspace.ts'

/**
 * Somebody committed since the draft was begun: it can be brought onto that before it is deployed. Where both changed the
 * same lines, it is the person who says what becomes of them.
 */
export function MovedBar() {
  const { at, draft, documents, workspace, readOnly } = useIde()
  const { base, head } = useStatus()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const moved = base !== head
  const { data: history } = useQuery({ ...trpc.source.history.queryOptions({ ...at, limit: 50 }), enabled: moved })
  const update = useMutation({
    mutationFn: async (onConflict: OnConflict) => {
      await documents.flush()
      return draft.update(onConflict)
    },
    onSuccess: async ({ conflicts }, onConflict) => {
      await Promise.all([
        queries.invalidateQueries(trpc.source.tree.pathFilter()),
        queries.invalidateQueries(trpc.source.status.pathFilter()),
      ])
      const [first] = conflicts
      if (first === undefined) return toastDone('Your draft is up to date')
      workspace.open(fileTab(first))
      if (onConflict !== 'markers')
        return toastDone('Your draft is up to date', {
          description: `${namesOf(conflicts)}: where both had changed, ${onConflict === 'mine' ? 'your version' : 'their version'} was used.`,
        })
      toastDone(conflicts.length === 1 ? `${first} has conflicts` : `${conflicts.length} files have conflicts`, {
        description: 'It contains both versions, between <<<<<<< and >>>>>>>. Keep the right one.',
      })
    },
    // What is in the way is said in the bar, with what can be done.
    onError: (error) => {
      if (conflictOf(error) === undefined) toastError(error)
    },
  })
  if (!moved) return null
  const conflict = conflictOf(update.error)
  if (conflict !== undefined) {
    return (
      <Bar icon={<TriangleAlert aria-hidden />} tone="warn">
        <span>{sentence(conflict.message)} Resolve the conflict:</span>
        <Button size="small" busy={update.isPending} onClick={() => update.mutate('markers')}>
          Show both versions
        </Button>
        <Button size="small" busy={update.isPending} onClick={() => update.mutate('mine')}>
          Keep mine
        </Button>
        <Button size="small" busy={update.isPending} onClick={() => update.mutate('theirs')}>
          Use theirs
        </Button>
        <Button size="small" kind="quiet" onClick={() => update.reset()}>
          Not now
        </Button>
      </Bar>
    )
  }
  const count = history?.findIndex(({ commit }) => commit === base) ?? -1
  const words = count === 1 ? '1 commit' : count > 1 ? `${count} commits` : 'newer commits'
  const newest = history?.[0]
  return (
    <Bar icon={<GitMerge aria-hidden />} tone="accent">
      <span>
        {at.environment} moved on: {words} since you started
        {newest !== undefined && `, the last by ${newest.author.name}`}.
      </span>
      <Button size="small" reason={readOnly} busy={update.isPending} onClick={() => update.mutate('refuse')}>
        Update the draft
      </Button>
    </Bar>
  )
}

const namesOf = (files: readonly string[]) =>
  files.length > 3 ? `${files.slice(0, 3).join(', ')} and ${files.length - 3} more` : files.join(', ')

function conflictOf(error: unknown): PlatformError | undefined {
  if (error === null) return undefined
  const known = errorOf(error)
  return known.code === 'conflict' ? known : undefined
}
