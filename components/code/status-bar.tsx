'use client'
import { CircleX, GitBranch, TriangleAlert } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { spokenState, useDocuments, useIde } from './ide.ts'
import type { Problem } from './markers.ts'
import { usePeople } from './people.ts'

const languageWords = {
  off: '',
  starting: 'TypeScript is starting',
  ready: 'TypeScript',
  asleep: 'TypeScript',
  down: 'TypeScript is down, reconnecting',
} as const

export function StatusBar({
  problems,
  cursor,
  onProblems,
}: {
  problems: readonly Problem[]
  cursor: { lineNumber: number; column: number } | null
  onProblems: () => void
}) {
  const { at, language, readOnly } = useIde()
  const documents = useDocuments()
  const state = useSyncExternalStore(
    language.subscribe,
    () => language.state,
    () => 'off' as const,
  )
  const install = useSyncExternalStore(
    language.subscribe,
    () => language.install,
    () => language.install,
  )
  const { here } = usePeople()
  const errors = problems.filter(({ severity }) => severity === 'error').length
  return (
    <footer className="flex h-6 shrink-0 items-center gap-3 overflow-hidden border-t border-border bg-sunken px-3 text-tiny whitespace-nowrap text-muted">
      <span className="flex items-center gap-1">
        <GitBranch aria-hidden className="size-3" />
        {readOnly === null ? 'your draft' : 'read only'} in {at.environment}
      </span>
      <button
        type="button"
        className="flex items-center gap-1 hover:text-text"
        onClick={onProblems}
        aria-label={`${errors} errors, ${problems.length - errors} warnings: show`}
      >
        <CircleX aria-hidden className="size-3" />
        {errors}
        <TriangleAlert aria-hidden className="ml-1 size-3" />
        {problems.length - errors}
      </button>
      {readOnly === null && <span role="status">{spokenState(documents)}</span>}
      {here.length > 0 && (
        <span className="hidden truncate text-personal sm:inline">
          {here.join(', ')} {here.length === 1 ? 'is' : 'are'} here too
        </span>
      )}
      <span className="grow" />
      {cursor !== null && (
        <span className="tabular hidden sm:inline">
          Ln {cursor.lineNumber}, Col {cursor.column}
        </span>
      )}
      {install.state === 'installing' && <span role="status">Installing packages…</span>}
      {languageWords[state] !== '' && (
        <span role="status" className={state === 'down' ? 'rounded-[3px] bg-warn-soft px-1 text-warn' : ''}>
          {languageWords[state]}
        </span>
      )}
    </footer>
  )
}
