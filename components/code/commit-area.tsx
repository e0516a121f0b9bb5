'use client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { FileClock } from 'lucide-react'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { ShortId } from '#components/ui/short-id.tsx'
import { Bar } from './conflict-bar.tsx'
import { DiffView } from './diff-view.tsx'
import { useIde, useTree } from './ide.ts'
import { Loading } from './loading.tsx'
import { fileTab } from './workspace.ts'

/** A file of a commit, against the commit before; either can be put back into the draft, also when the file is long gone. */
export function CommitArea({ commit, path }: { commit: string; path: string }) {
  const { at } = useIde()
  const trpc = useTRPC()
  const history = useQuery(trpc.source.history.queryOptions({ ...at, path, limit: 200 }))
  const parent = history.data?.find((one) => one.commit === commit)?.parents[0] ?? null
  const text = (ref: string) => ({
    ...trpc.source.read.queryOptions({ ...at, ref: { commit: ref }, path }),
    retry: false,
  })
  const after = useQuery(text(commit))
  const before = useQuery({ ...text(parent ?? ''), enabled: parent !== null })
  if (history.error !== null) return <ErrorState error={history.error} retry={() => void history.refetch()} />
  if (history.isPending || after.isPending || (parent !== null && before.isPending)) return <Loading />
  // It may not be in one of the two: added, or deleted.
  const isText = after.data?.text !== null && before.data?.text !== null
  return (
    <>
      <Bar icon={<FileClock aria-hidden />} tone="accent">
        <span>
          What <ShortId id={commit} />{' '}
          {before.data === undefined ? 'added' : after.data === undefined ? 'deleted' : 'changed'}.
        </span>
        {after.data !== undefined && <PutBack path={path} commit={commit} words="Use this version in my draft" />}
        {before.data !== undefined && parent !== null && (
          <PutBack path={path} commit={parent} words="Use the previous version in my draft" />
        )}
      </Bar>
      {isText ? (
        <div className="relative min-h-0 grow">
          <DiffView path={path} before={before.data?.text ?? ''} after={after.data?.text ?? ''} readOnly label={path} />
        </div>
      ) : (
        <EmptyState title="Not a text file">{path} cannot be compared line by line.</EmptyState>
      )}
    </>
  )
}

function PutBack({ path, commit, words }: { path: string; commit: string; words: string }) {
  const { draft, documents, workspace, readOnly } = useIde()
  const hash = useTree().find((entry) => entry.path === path)?.hash ?? null
  const trpc = useTRPC()
  const queries = useQueryClient()
  const put = useMutation({
    mutationFn: async () => {
      await documents.get(path)?.saver.flush()
      await draft.upload(path, await draft.bytes(path, commit), documents.get(path)?.saver.hash ?? hash)
    },
    onSuccess: async () => {
      await Promise.all([
        queries.invalidateQueries(trpc.source.tree.pathFilter()),
        queries.invalidateQueries(trpc.source.status.pathFilter()),
      ])
      workspace.open(fileTab(path))
      toastDone(`${path} is restored in your draft`, { description: 'Deploy to make it live.' })
    },
    onError: toastError,
  })
  return (
    <Button size="small" reason={readOnly} busy={put.isPending} onClick={() => put.mutate()}>
      {words}
    </Button>
  )
}
