'use client'
import { useEffect, useRef } from 'react'
import { Input } from '#components/ui/input.tsx'

/** A name in the tree: Enter takes it, Escape and leaving do not. */
export function NameInput({
  label,
  value = '',
  hint,
  onDone,
  onCancel,
}: {
  label: string
  value?: string
  hint?: string | undefined
  onDone: (name: string) => void
  onCancel: () => void
}) {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    input.current?.focus()
    // The name without its ending, as one changes it.
    input.current?.setSelectionRange(0, value.lastIndexOf('.') > 0 ? value.lastIndexOf('.') : value.length)
  }, [value])
  return (
    <div className="px-2 py-1">
      <Input
        ref={input}
        aria-label={label}
        placeholder={label}
        defaultValue={value}
        className="h-6! px-1.5!"
        onBlur={onCancel}
        onKeyDown={(event) => {
          event.stopPropagation()
          if (event.key === 'Enter') onDone(event.currentTarget.value)
          if (event.key === 'Escape') onCancel()
        }}
      />
      {hint !== undefined && <p className="mt-0.5 text-tiny text-muted">{hint}</p>}
    </div>
  )
}
