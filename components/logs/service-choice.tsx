'use client'
import { ChevronDown } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRef, useState } from 'react'
import { buttonStyle } from '#components/ui/button-style.ts'

const load = () => import('./service-popover.tsx').then((module) => module.ServicePopover)
const ServicePopover = dynamic(load, { ssr: false })

/** Whose lines are merged: all of the environment, or those chosen. */
export function ServiceChoice({
  names,
  chosen,
  onChange,
}: {
  names: readonly string[]
  chosen: readonly string[]
  onChange: (services: string[]) => void
}) {
  const button = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)
  const words = chosen.length === 0 ? 'All services' : chosen.length === 1 ? chosen[0] : `${chosen.length} services`
  return (
    <>
      <button
        ref={button}
        type="button"
        aria-haspopup="dialog"
        aria-expanded={open}
        onPointerEnter={() => void load()}
        onFocus={() => void load()}
        onClick={() => setOpen(!open)}
        className={buttonStyle('plain', 'normal', chosen.length > 0 ? 'border-accent!' : '')}
      >
        <span className="max-w-32 truncate">{words}</span>
        <ChevronDown aria-hidden />
      </button>
      {open && (
        <ServicePopover
          names={names}
          chosen={chosen}
          button={button}
          onChange={onChange}
          onDismiss={() => setOpen(false)}
        />
      )}
    </>
  )
}
