'use client'
import { CircleAlert, RotateCw } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { headAndRest, problemOf, sentence } from './problem.ts'
import { ShortId } from './short-id.tsx'

/** A screen, or a part of one, that failed: what happened, what to do, the request's id, and again. */
export function ErrorState({
  error,
  request,
  retry,
  action,
}: {
  error: unknown
  /** Id by which the platform logged it, when the error itself does not carry it. */
  request?: string | undefined
  retry?: (() => void) | undefined
  action?: ReactNode
}) {
  const problem = problemOf(error)
  const id = problem.request ?? request
  const { head, rest } = headAndRest(problem.message)
  return (
    <div role="alert" className="mx-auto flex max-w-lg flex-col items-center px-6 py-16 text-center">
      <span
        aria-hidden
        className="mb-4 flex size-10 items-center justify-center rounded border border-border bg-bad-soft text-bad"
      >
        <CircleAlert className="size-[18px]" />
      </span>
      <h2 className="text-large font-semibold text-pretty break-words">{sentence(head)}</h2>
      {rest !== '' && <Rest text={rest} className="mt-2 w-full" />}
      {problem.fix !== undefined && <p className="mt-1 text-body text-pretty text-muted">{sentence(problem.fix)}</p>}
      <div className="mt-4 flex flex-wrap items-center justify-center gap-2">
        {retry !== undefined && (
          <Button onClick={retry}>
            <RotateCw />
            Try again
          </Button>
        )}
        {action}
      </div>
      <p className="mt-4 flex h-4 items-center gap-1 text-small text-muted">
        <span className="font-mono">{problem.code}</span>
        {id !== undefined && (
          <>
            · request <ShortId id={id} className="mx-0!" />
          </>
        )}
      </p>
    </div>
  )
}

/** The same in one line, for dialogs and forms. */
export function ErrorLine({ error }: { error: unknown }) {
  const problem = problemOf(error)
  const { head, rest } = headAndRest(problem.message)
  return (
    <div role="alert" className="flex items-start gap-2 rounded border border-bad/40 bg-bad-soft px-3 py-2 text-body">
      <CircleAlert aria-hidden className="mt-[3px] size-3.5 shrink-0 text-bad" />
      <div className="min-w-0 grow break-words">
        {sentence(head)}
        {rest !== '' && <Rest text={rest} className="my-1" />}
        {problem.fix !== undefined && <span className="block text-muted">{sentence(problem.fix)}</span>}
        {problem.request !== undefined && (
          <span className="block text-small text-muted">
            request <ShortId id={problem.request} className="mx-0!" />
          </span>
        )}
      </div>
    </div>
  )
}

function Rest({ text, className }: { text: string; className: string }) {
  return (
    <pre
      tabIndex={0}
      aria-label="The lines that it is about"
      className={`overflow-x-auto rounded border border-border bg-sunken p-2 text-left text-small ${className}`}
    >
      {text}
    </pre>
  )
}
