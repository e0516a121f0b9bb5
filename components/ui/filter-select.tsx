'use client'
import { ChevronDown } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRef, useState } from 'react'
import { buttonStyle } from './button-style.ts'
import { Select } from './input.tsx'

const load = () => import('./choice-popover.tsx').then((module) => module.ChoicePopover)
const ChoicePopover = dynamic(load, { ssr: false })

/** More than these are found by typing; fewer are the system's own list. */
const mostAtOnce = 12

interface FilterSelectProps {
  label: string
  /** What it says when it does not filter: "any owner". */
  any: string
  value: string
  options: readonly (string | { value: string; label: string })[]
  onChange: (value: string) => void
}

/** One of a screen's filters; "any" is no filter. */
export function FilterSelect(props: FilterSelectProps) {
  const { label, any, value, options, onChange } = props
  if (options.length > mostAtOnce) return <LongSelect {...props} />
  return (
    <Select
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      className={
        value === '' ? 'max-w-44 shrink-0 [&>select]:text-muted' : 'max-w-44 shrink-0 [&>select]:border-accent'
      }
    >
      <option value="">{any}</option>
      {options.map((option) => {
        const { value: own, label: words } = typeof option === 'string' ? { value: option, label: option } : option
        return (
          <option key={own} value={own}>
            {words}
          </option>
        )
      })}
    </Select>
  )
}

function LongSelect({ label, any, value, options, onChange }: FilterSelectProps) {
  const button = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)
  const choices = [
    { value: '', label: any },
    ...options.map((option) => (typeof option === 'string' ? { value: option, label: option } : option)),
  ]
  const words = choices.find((each) => each.value === value)?.label ?? value
  return (
    <>
      <button
        ref={button}
        type="button"
        aria-label={`${label}: ${words}`}
        aria-haspopup="dialog"
        aria-expanded={open}
        onPointerEnter={() => void load()}
        onFocus={() => void load()}
        onClick={() => setOpen(!open)}
        className={buttonStyle(
          'plain',
          'normal',
          value === '' ? 'max-w-44 shrink-0 text-muted!' : 'max-w-44 shrink-0 border-accent!',
        )}
      >
        <span className="truncate">{words}</span>
        <ChevronDown aria-hidden />
      </button>
      {open && (
        <ChoicePopover
          label={label}
          choices={choices}
          chosen={value}
          button={button}
          onChoose={onChange}
          onDismiss={() => setOpen(false)}
        />
      )}
    </>
  )
}
