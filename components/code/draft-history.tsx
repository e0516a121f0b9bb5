'use client'
import { useQuery } from '@tanstack/react-query'
import { Undo2 } from 'lucide-react'
import { useState } from 'react'
import { useTRPC } from '#client/trpc.ts'
import type { DraftStep } from '#contract/source.ts'
import { Button } from '#components/ui/button.tsx'
import { Confirm } from '#components/ui/confirm.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { Time } from '#components/ui/time.tsx'
import { useFileActions } from './file-actions.ts'
import { useIde } from './ide.ts'
import { nameOf } from './tree-rows.ts'

/** Changes to the draft within the last day, newest first. Each can be undone, and so can the undo. */
export function DraftHistory() {
  const { at } = useIde()
  const act = useFileActions()
  const { data, error, refetch } = useQuery(useTRPC().source.steps.queryOptions(at))
  const [asking, setAsking] = useState<DraftStep | null>(null)
  if (error !== null)
    return (
      <div className="flex flex-col items-start gap-2 p-2">
        <ErrorLine error={error} />
        <Button size="small" onClick={() => void refetch()}>
          Try again
        </Button>
      </div>
    )
  if (data === undefined)
    return (
      <div role="status" aria-label="Loading the draft history" className="flex flex-col gap-2 p-3">
        <Skeleton className="h-8" />
        <Skeleton className="h-8" />
        <Skeleton className="h-8" />
      </div>
    )
  return (
    <div className="min-h-0 grow overflow-y-auto pb-4">
      {data.length === 0 && (
        <p className="px-3 text-muted">
          No changes within the last day. Changes to your draft appear here and can be undone for one day.
        </p>
      )}
      <ul aria-label="Changes to your draft">
        {data.map((step) => {
          const paths = pathsOf(step)
          return (
            <li key={step.id} className="flex flex-col gap-1 border-b border-border px-3 py-1.5">
              <span className="flex items-baseline gap-2">
                <span className="min-w-0 grow truncate" title={step.path ?? undefined}>
                  {wordsOf(step)}
                </span>
                <span className="shrink-0 text-small text-muted">
                  <Time at={step.at} />
                </span>
              </span>
              <span className="flex flex-wrap gap-1">
                {paths !== null && (
                  <Button size="small" onClick={() => void act.restore(step.id, paths)}>
                    <Undo2 />
                    Undo
                  </Button>
                )}
                <Button
                  size="small"
                  kind={paths === null ? undefined : 'quiet'}
                  aria-label={`Restore the whole draft as it was before: ${wordsOf(step)}`}
                  onClick={() => setAsking(step)}
                >
                  Restore all
                </Button>
              </span>
            </li>
          )
        })}
      </ul>
      {asking !== null && (
        <Confirm
          title="Restore the whole draft?"
          action="Restore"
          busy={false}
          error={null}
          onDismiss={() => setAsking(null)}
          onConfirm={() => {
            setAsking(null)
            void act.restore(asking.id, null)
          }}
        >
          <p>All files are restored to the state before “{wordsOf(asking)}”. You can undo this too.</p>
          {asking.rebased && (
            <p className="mt-2">
              Your draft was based on an older commit then: newer commits appear as undone in your draft. Check Changes
              before you deploy.
            </p>
          )}
        </Confirm>
      )}
    </div>
  )
}

/** Null where it takes the whole draft to undo it. */
function pathsOf({ path, from }: DraftStep): string[] | null {
  if (path === null) return null
  return from === null ? [path] : [from, path]
}

function wordsOf({ kind, path, from }: DraftStep): string {
  const name = path === null ? null : nameOf(path)
  switch (kind) {
    case 'save':
      return `Edited ${name}`
    case 'upload':
      return name === null ? 'Uploaded files' : `Uploaded ${name}`
    case 'move':
      return `Moved ${nameOf(from ?? '')} to ${from !== null && nameOf(from) === name ? path : name}`
    case 'remove':
      return `Deleted ${name}`
    case 'revert':
      return name === null ? 'Discarded all changes' : `Discarded changes to ${name}`
    case 'update':
      return 'Merged newer commits'
    case 'replace':
      return 'Replaced in files'
    case 'restore':
      return name === null ? 'Restored several files' : `Restored ${name}`
    case 'take':
      return 'Started from the live revision'
  }
}
