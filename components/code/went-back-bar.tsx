'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Undo2 } from 'lucide-react'
import { useState } from 'react'
import { toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { useFileActions } from './file-actions.ts'
import { Bar } from './conflict-bar.tsx'
import { useChanges, useIde, useStatus, useWentBack } from './ide.ts'

const keptKey = (deploymentId: string) => `m3o kept draft ${deploymentId}`

/** What is live went back, by a rollback or a revert, and the draft did not: says so, and lets the person choose where to go on from. */
export function WentBackBar() {
  const { at, draft, documents, readOnly } = useIde()
  const live = useWentBack()
  const { base } = useStatus()
  const { changes, others } = useChanges()
  const act = useFileActions()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const [kept, setKept] = useState<string | null>(null)
  const take = useMutation({
    async mutationFn(commit: string) {
      await documents.flush()
      return draft.take(commit)
    },
    onSuccess: async ({ step }) => {
      await queries.invalidateQueries(trpc.source.pathFilter())
      act.told('Your draft is now the live revision', step, null)
    },
    onError: toastError,
  })
  if (live === undefined || readOnly !== null || (changes.length === 0 && others.length === 0)) return null
  if (kept === live.id || localStorage.getItem(keptKey(live.id)) === base) return null
  const keep = () => {
    setKept(live.id)
    try {
      localStorage.setItem(keptKey(live.id), base)
    } catch {
      // It is asked again the next time.
    }
  }
  return (
    <Bar icon={<Undo2 aria-hidden />} tone="warn">
      <span>
        {at.environment} {live.kind === 'rollback' ? 'was rolled back' : 'was reverted'} to <code>{live.revision}</code>
        ; your draft is based on <code>{base.slice(0, 7)}</code>.
      </span>
      <Button size="small" busy={take.isPending} onClick={() => take.mutate(live.commit)}>
        Start from the live revision
      </Button>
      <Button size="small" kind="quiet" onClick={keep}>
        Keep my draft
      </Button>
    </Bar>
  )
}
