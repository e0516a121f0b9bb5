'use client'
import type { ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { problemOf, sentence } from '#components/ui/problem.ts'

/**
 * A form of a few fields that the browser itself checks; the pages before the console carry no form library. What is sent before
 * its script has come is kept by React, as its action is a function, and handed to `onSubmit` when it has.
 */
export function PlainForm({
  submit,
  busy,
  error,
  fields,
  onSubmit,
  children,
}: {
  submit: string
  busy: boolean
  error: unknown
  /** Names of its fields: an error at one of them is shown there, by {@link fieldError}. */
  fields: readonly string[]
  onSubmit: (values: Record<string, string>) => void
  children: ReactNode
}) {
  const send = (given: FormData) => {
    if (!busy)
      onSubmit(
        Object.fromEntries([...given].map(([name, value]) => [name, typeof value === 'string' ? value : value.name])),
      )
  }
  const field = error == null ? undefined : problemOf(error).field
  return (
    // React empties a form after its action; what was typed stays, to be mended.
    <form action={send} onReset={(event) => event.preventDefault()} className="flex flex-col gap-2">
      {error != null && (field === undefined || !fields.includes(field)) && <ErrorLine error={error} />}
      {children}
      <Button kind="primary" type="submit" busy={busy} className="mt-1 h-9!">
        {submit}
      </Button>
    </form>
  )
}

/** Of the small ways on beside a form. */
export const quietLink = 'rounded-[2px] text-accent underline-offset-2 hover:underline'

export function Or() {
  return (
    <div
      aria-hidden
      className="flex items-center gap-3 text-small text-muted before:h-px before:grow before:bg-border after:h-px after:grow after:bg-border"
    >
      or
    </div>
  )
}

/** What to show at a field when the platform's error is about it. */
export function fieldError(error: unknown, name: string): string | undefined {
  if (error == null) return undefined
  const { field, message, fix } = problemOf(error)
  return field === name
    ? [message, fix]
        .filter((part) => part !== undefined)
        .map(sentence)
        .join(' ')
    : undefined
}
