'use client'
import { Popover } from 'radix-ui'
import { type RefObject, useState } from 'react'
import { SearchInput } from '#components/ui/input.tsx'
import { serviceColour } from './service-hue.ts'

const most = 200

/** The services to choose from, under the button that opened it; loaded when that is first pointed at. */
export function ServicePopover({
  names,
  chosen,
  button,
  onChange,
  onDismiss,
}: {
  names: readonly string[]
  chosen: readonly string[]
  button: RefObject<HTMLButtonElement | null>
  onChange: (services: string[]) => void
  onDismiss: () => void
}) {
  const [typed, setTyped] = useState('')
  const found = names.filter((name) => name.includes(typed.trim().toLowerCase()))
  return (
    <Popover.Root
      open
      onOpenChange={(open) => {
        if (!open) onDismiss()
      }}
    >
      <Popover.Anchor virtualRef={button} />
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          aria-label="Services whose lines are shown"
          // The button closes it by itself.
          onInteractOutside={(event) => {
            if (event.target instanceof Node && button.current?.contains(event.target)) event.preventDefault()
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            button.current?.focus()
          }}
          className="z-50 w-64 animate-arrive rounded border border-border-strong bg-raised shadow-float"
        >
          <div className="border-b border-border p-2">
            <SearchInput
              aria-label="Find a service"
              placeholder="Find a service"
              className="w-full"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          </div>
          <div role="group" aria-label="Services" className="max-h-72 overflow-y-auto p-1">
            <Choice name="All services" checked={chosen.length === 0} onChange={() => onChange([])} />
            {found.slice(0, most).map((name) => (
              <Choice
                key={name}
                name={name}
                hue={serviceColour(name)}
                checked={chosen.includes(name)}
                onChange={(checked) => onChange(checked ? [...chosen, name] : chosen.filter((each) => each !== name))}
              />
            ))}
            {found.length > most && (
              <p className="px-2 py-1 text-small text-muted">and {found.length - most} more: type to find them</p>
            )}
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}

function Choice({
  name,
  hue,
  checked,
  onChange,
}: {
  name: string
  hue?: string
  checked: boolean
  onChange: (checked: boolean) => void
}) {
  return (
    <label className="flex h-7 cursor-pointer items-center gap-2 rounded-[4px] px-2 hover:bg-hover">
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
        className="size-3.5 accent-action"
      />
      {hue !== undefined && <span aria-hidden className="size-2 rounded-full" style={{ backgroundColor: hue }} />}
      <span className="truncate">{name}</span>
    </label>
  )
}
