'use client'
import { useSyncExternalStore } from 'react'
import { CircleCheck, CircleX, TriangleAlert } from 'lucide-react'
import { useIde } from './ide.ts'
import type { Problem } from './markers.ts'
import { fileTab } from './workspace.ts'

export function ProblemsPanel({ problems }: { problems: readonly Problem[] }) {
  const { workspace, language } = useIde()
  const state = useSyncExternalStore(
    language.subscribe,
    () => language.state,
    () => 'off' as const,
  )
  if (problems.length === 0)
    return (
      <p className="flex items-center gap-2 p-3 text-muted">
        <CircleCheck aria-hidden className="size-3.5 text-ok" />
        {state === 'ready'
          ? 'No problems in this service.'
          : state === 'starting'
            ? 'TypeScript is starting.'
            : 'No problems in the open files.'}
      </p>
    )
  return (
    <ul className="h-full overflow-y-auto py-1">
      {problems.map((problem, index) => (
        <li key={index}>
          <button
            type="button"
            data-focus-inside
            className="flex w-full items-start gap-2 px-3 py-1 text-left hover:bg-hover"
            onClick={() => workspace.open(fileTab(problem.path), { at: problem })}
          >
            {problem.severity === 'error' ? (
              <CircleX aria-label="error" className="mt-[3px] size-3.5 shrink-0 text-bad" />
            ) : (
              <TriangleAlert aria-label="warning" className="mt-[3px] size-3.5 shrink-0 text-warn" />
            )}
            <span className="min-w-0 grow break-words whitespace-pre-wrap">{problem.message}</span>
            <span className="shrink-0 font-mono text-small text-muted">
              {problem.code !== null && problem.code !== '0' && `${problem.code} `}
              {problem.path}:{problem.line}
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}
