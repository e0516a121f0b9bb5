'use client'
import { type ReactNode, useId } from 'react'

/** One of a few, all in sight. Radio buttons underneath, so the arrow keys work. */
export function Segments<V extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: V
  options: readonly { value: V; label: ReactNode }[]
  onChange: (value: V) => void
}) {
  const name = useId()
  return (
    <fieldset className="inline-flex shrink-0 rounded border border-border-strong bg-sunken p-px">
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className="flex h-[26px] cursor-pointer items-center gap-1.5 rounded-[5px] px-2.5 text-small text-muted hover:text-text has-checked:bg-raised has-checked:font-medium has-checked:text-text has-checked:shadow-[0_0_0_1px_var(--color-border)] has-focus-visible:outline-2 has-focus-visible:outline-accent"
        >
          <input
            type="radio"
            className="sr-only"
            name={name}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  )
}
