'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ReplaceAll } from 'lucide-react'
import { useState } from 'react'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { IconButton } from '#components/ui/button.tsx'
import { Confirm } from '#components/ui/confirm.tsx'
import { Input } from '#components/ui/input.tsx'
import { useFileActions } from './file-actions.ts'
import { useIde } from './ide.ts'
import { replaceIn, type Search } from './replace.ts'

/** What takes the place of what was found, in all files of the result or in one. */
export function useReplace(search: Search, onDone: () => void) {
  const { documents, workspace, draft } = useIde()
  const act = useFileActions()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const [replacement, setReplacement] = useState('')
  const run = useMutation({
    async mutationFn(paths: readonly string[]) {
      await documents.flush()
      const { step } = await draft.mark('replace')
      return { step, ...(await replaceIn(documents, paths, search, replacement)) }
    },
    onSuccess: async ({ replaced, files, left, changed, step }) => {
      await Promise.all([
        queries.invalidateQueries(trpc.source.tree.pathFilter()),
        queries.invalidateQueries(trpc.source.status.pathFilter()),
      ])
      // What is in no tab need not stay in memory.
      const { tabs } = workspace.get()
      for (const { path } of documents.all()) if (!tabs.some((key) => key.endsWith(`:${path}`))) documents.release(path)
      toastDone(`Replaced ${replaced} in ${files} ${files === 1 ? 'file' : 'files'}`, {
        ...(left.length > 0 && {
          description: `Not replaced in ${left.slice(0, 3).join(', ')}: could not be edited or saved.`,
        }),
        ...(changed.length > 0 && { undo: { label: 'Undo', run: () => void act.restore(step, changed).then(onDone) } }),
      })
      onDone()
    },
    onError: toastError,
  })
  return { replacement, setReplacement, run }
}

export function ReplaceRow({
  replace: { replacement, setReplacement, run },
  paths,
  matches,
  reason,
}: {
  replace: ReturnType<typeof useReplace>
  paths: readonly string[]
  matches: number
  reason: string | null
}) {
  const [asking, setAsking] = useState(false)
  const none = paths.length === 0 ? 'Search first' : null
  return (
    <div className="mt-1 flex items-center gap-1 px-2">
      <Input
        aria-label="Replace with"
        placeholder="Replace with"
        className="min-w-0 grow"
        value={replacement}
        onChange={(event) => setReplacement(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (reason ?? none) === null) setAsking(true)
        }}
      />
      <IconButton label="Replace all" busy={run.isPending} reason={reason ?? none} onClick={() => setAsking(true)}>
        <ReplaceAll />
      </IconButton>
      {asking && (
        <Confirm
          title={`Replace in ${paths.length} ${paths.length === 1 ? 'file' : 'files'}?`}
          action="Replace all"
          busy={false}
          error={null}
          onDismiss={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false)
            run.mutate(paths)
          }}
        >
          On {matches} {matches === 1 ? 'line' : 'lines'} in your draft. Changes lists them before you deploy.
        </Confirm>
      )}
    </div>
  )
}
