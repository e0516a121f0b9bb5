'use client'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { CloudOff, TriangleAlert } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { sentence } from '#components/ui/problem.ts'
import { DiffView } from './diff-view.tsx'
import type { Document } from './documents.ts'
import { useIde } from './ide.ts'

/** Above a file whose text is not on the platform: why, and what can be done. Nothing is overwritten without a press here. */
export function ConflictBar({ document }: { document: Document }) {
  const { documents, draft } = useIde()
  const { saver, path } = document
  const { state } = saver
  const [comparing, setComparing] = useState<{ theirs: string; hash: string | null } | null>(null)
  const compare = useMutation({
    mutationFn: async () => {
      if (state.name === 'conflict' && state.hash === null) return { theirs: '', hash: null }
      const { text, hash } = await draft.read(path)
      return { theirs: text ?? '', hash }
    },
    onSuccess: setComparing,
  })
  const theirs = useMutation({
    mutationFn: () => draft.read(path),
    onSuccess: (file) => {
      setComparing(null)
      documents.take(document, file)
    },
  })
  if (state.name === 'saved' || state.name === 'dirty' || state.name === 'saving') return null
  if (state.name === 'waiting') {
    return (
      <Bar icon={<CloudOff aria-hidden />} tone="warn">
        {documents.noRoom
          ? 'The platform cannot be reached, and this browser has no storage left: copy your text before you leave.'
          : 'The platform cannot be reached. Your text is stored in this browser and saved when the platform is back.'}
        <Button size="small" onClick={() => documents.nudge(path)}>
          Save now
        </Button>
      </Bar>
    )
  }
  if (state.name === 'refused')
    return (
      <Bar icon={<TriangleAlert aria-hidden />} tone="bad">
        {sentence(state.error.message)} {state.error.fix !== undefined && sentence(state.error.fix)}
      </Bar>
    )
  const deleted = state.hash === null
  return (
    <>
      <Bar icon={<TriangleAlert aria-hidden />} tone="bad">
        {sentence(state.error.message)} Your version is not saved until you choose.
        {!deleted && (
          <Button size="small" busy={compare.isPending} onClick={() => compare.mutate()}>
            Compare
          </Button>
        )}
        <Button
          size="small"
          busy={theirs.isPending}
          onClick={() => (deleted ? documents.forget(path) : theirs.mutate())}
        >
          {deleted ? 'Delete it too' : 'Use theirs'}
        </Button>
        <Button size="small" onClick={() => void saver.keepMine()}>
          Keep mine
        </Button>
      </Bar>
      {(compare.error ?? theirs.error) !== null && <ErrorLine error={compare.error ?? theirs.error} />}
      {comparing !== null && (
        <Dialog
          title={`${path}: theirs and yours`}
          description="Left: the saved version. Right: your version."
          onDismiss={() => setComparing(null)}
          footer={
            <>
              <Button onClick={() => theirs.mutate()}>Use theirs</Button>
              <Button
                kind="primary"
                onClick={() => {
                  setComparing(null)
                  void saver.keepMine()
                }}
              >
                Keep mine
              </Button>
            </>
          }
        >
          <div className="relative h-[48dvh]">
            <DiffView path={path} before={comparing.theirs} after={saver.text} readOnly label={path} />
          </div>
        </Dialog>
      )}
    </>
  )
}

export function Bar({
  icon,
  tone,
  children,
}: {
  icon: React.ReactNode
  tone: 'warn' | 'bad' | 'accent'
  children: React.ReactNode
}) {
  const ground = {
    warn: 'bg-warn-soft [&>svg]:text-warn',
    bad: 'bg-bad-soft [&>svg]:text-bad',
    accent: 'bg-accent-soft [&>svg]:text-accent',
  }[tone]
  return (
    <div
      role="status"
      className={`flex shrink-0 flex-wrap items-center gap-2 border-b border-border px-3 py-1.5 [&>svg]:size-3.5 [&>svg]:shrink-0 ${ground}`}
    >
      {icon}
      {children}
    </div>
  )
}
