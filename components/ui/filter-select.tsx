'use client'
import { Select } from './input.tsx'

/** One of a screen's filters; "any" is no filter. */
export function FilterSelect({ label, any, value, options, onChange }: {
  label: string
  /** What it says when it does not filter: "any owner". */
  any: string
  value: string
  options: readonly (string | { value: string; label: string })[]
  onChange: (value: string) => void
}) {
  return (
    <Select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)} className={value === '' ? 'max-w-44 shrink-0 [&>select]:text-muted' : 'max-w-44 shrink-0 [&>select]:border-accent'}>
      <option value="">{any}</option>
      {options.map((option) => {
        const { value: own, label: words } = typeof option === 'string' ? { value: option, label: option } : option
        return <option key={own} value={own}>{words}</option>
      })}
    </Select>
  )
}
