'use client'
import { ChevronDown } from 'lucide-react'
import { Popover } from 'radix-ui'
import { useState } from 'react'
import { buttonStyle } from '#components/ui/button-style.ts'
import { SearchInput } from '#components/ui/input.tsx'
import { serviceColour } from './service-hue.ts'

const most = 200

/** Whose lines are merged: all of the environment, or those chosen. */
export function ServiceChoice({ names, chosen, onChange }: { names: readonly string[]; chosen: readonly string[]; onChange: (services: string[]) => void }) {
  const [typed, setTyped] = useState('')
  const found = names.filter((name) => name.includes(typed.trim().toLowerCase()))
  const words = chosen.length === 0 ? 'All services' : chosen.length === 1 ? chosen[0] : `${chosen.length} services`
  return (
    <Popover.Root onOpenChange={() => setTyped('')}>
      <Popover.Trigger className={buttonStyle('plain', 'normal', chosen.length > 0 ? 'border-accent!' : '')}><span className="max-w-32 truncate">{words}</span><ChevronDown aria-hidden /></Popover.Trigger>
      <Popover.Portal>
        <Popover.Content align="start" sideOffset={4} collisionPadding={8} aria-label="Services whose lines are shown" className="z-50 w-64 animate-arrive rounded border border-border-strong bg-raised shadow-float">
          <div className="border-b border-border p-2"><SearchInput aria-label="Find a service" placeholder="Find a service" className="w-full" value={typed} onChange={(event) => setTyped(event.target.value)} /></div>
          <div role="group" aria-label="Services" className="max-h-72 overflow-y-auto p-1">
            <Choice name="All services" checked={chosen.length === 0} onChange={() => onChange([])} />
            {found.slice(0, most).map((name) => (
              <Choice key={name} name={name} hue={serviceColour(name)} checked={chosen.includes(name)} onChange={(checked) => onChange(checked ? [...chosen, name] : chosen.filter((each) => each !== name))} />
            ))}
            {found.length > most && <p className="px-2 py-1 text-small text-muted">and {found.length - most} more: type to find them</p>}
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}

function Choice({ name, hue, checked, onChange }: { name: string; hue?: string; checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label className="flex h-7 cursor-pointer items-center gap-2 rounded-[4px] px-2 hover:bg-hover">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} className="size-3.5 accent-action" />
      {hue !== undefined && <span aria-hidden className="size-2 rounded-full" style={{ backgroundColor: hue }} />}
      <span className="truncate">{name}</span>
    </label>
  )
}
