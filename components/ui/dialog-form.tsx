'use client'
import { type ReactNode, useEffect, useId } from 'react'
import type { FieldValues, Path, UseFormReturn } from 'react-hook-form'
import { config } from 'zod/v4/core'
import { Button } from './button.tsx'
import { Dialog, type DialogProps } from './dialog.tsx'
import { ErrorLine } from './error-state.tsx'
import { problemOf, sentence } from './problem.ts'

// Otherwise zod tries `new Function`, which the page's policy refuses and reports.
config({ jitless: true })

export interface DialogFormProps<Values extends FieldValues> {
  title: string
  description?: ReactNode
  place?: DialogProps['place']
  form: UseFormReturn<Values, unknown, Values>
  /** The button's words; they name production when it is changed. */
  submit: string
  /** Why it cannot be sent now. */
  reason?: string | null | undefined
  /** Of the mutation. There is no form without them: each must show that it works, and what went wrong. */
  busy: boolean
  error: unknown
  onSubmit: (values: Values) => void
  onDismiss: () => void
  children: ReactNode
}

/** A form in a dialog. Errors that name a field appear there, others above the fields. Load it lazily: it brings react-hook-form. */
export function DialogForm<Values extends FieldValues>({
  form,
  submit,
  reason,
  busy,
  error,
  onSubmit,
  onDismiss,
  children,
  ...dialog
}: DialogFormProps<Values>) {
  const id = useId()
  const field = useFieldError(form, error)
  return (
    <Dialog
      {...dialog}
      onDismiss={onDismiss}
      footer={
        <>
          <Button onClick={onDismiss}>Cancel</Button>
          <Button kind="primary" type="submit" form={id} busy={busy} reason={reason} keys="mod+enter">
            {submit}
          </Button>
        </>
      }
    >
      <form
        id={id}
        noValidate
        className="flex flex-col gap-3"
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) event.currentTarget.requestSubmit()
        }}
        onSubmit={(event) => {
          // A dialog is a portal, but React's events bubble to the form that it may have been opened from.
          event.stopPropagation()
          event.preventDefault()
          if (!busy && !reason) void form.handleSubmit(onSubmit)(event)
        }}
      >
        {error != null && field === undefined && <ErrorLine error={error} />}
        {children}
      </form>
    </Dialog>
  )
}

/** Puts an error of the platform at the field that it names, when the form has it. */
function useFieldError<Values extends FieldValues>(
  form: UseFormReturn<Values, unknown, Values>,
  error: unknown,
): string | undefined {
  const problem = error == null ? undefined : problemOf(error)
  const field = problem?.field !== undefined && problem.field in form.getValues() ? problem.field : undefined
  useEffect(() => {
    if (field === undefined || problem === undefined) return
    const message = [problem.message, problem.fix]
      .filter((part) => part !== undefined)
      .map(sentence)
      .join(' ')
    form.setError(field as Path<Values>, { type: 'platform', message }, { shouldFocus: true })
    // The error's identity is what changes with each attempt.
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- shown once for each error
  }, [error])
  return field
}
