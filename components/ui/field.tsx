'use client'
import { CircleAlert } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { sentence } from './problem.ts'

/** What a control inside a field must carry, so that its label, hint and error are announced with it. */
interface ControlProps {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
}

export interface FieldProps {
  label: string
  hint?: ReactNode
  /** What is wrong and what to do about it. */
  error?: string | undefined
  optional?: boolean
  children: (control: ControlProps) => ReactNode
}

/** Label, control, and a line of hint or error below; the line's space is kept when neither is there. */
export function Field({ label, hint, error, optional = false, children }: FieldProps) {
  const id = useId()
  const described = error !== undefined || hint !== undefined ? `${id}-line` : undefined
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
        {optional && <span className="ml-1.5 font-normal text-muted">optional</span>}
      </label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': error !== undefined || undefined })}
      <div id={described} className="min-h-4 text-small">
        {error !== undefined ? (
          <span role="alert" className="flex items-start gap-1 text-bad">
            <CircleAlert aria-hidden className="mt-0.5 size-3 shrink-0" />
            {sentence(error)}
          </span>
        ) : (
          <span className="text-muted">{hint}</span>
        )}
      </div>
    </div>
  )
}
