'use client'
import { Command } from 'cmdk'
import { Check } from 'lucide-react'
import { Popover } from 'radix-ui'
import { type ReactNode, type RefObject, useState } from 'react'

export interface Choice {
  value: string
  /** What is searched, and shown unless there is something to draw. */
  label: string
  drawn?: ReactNode
}

/** More are found by typing. */
const most = 100

/** One of many, found by typing; under the button that opened it. Loaded when that is first pointed at. */
export function ChoicePopover({
  label,
  choices,
  chosen,
  button,
  footer,
  onChoose,
  onDismiss,
}: {
  label: string
  choices: readonly Choice[]
  chosen: string
  button: RefObject<HTMLButtonElement | null>
  footer?: ReactNode
  onChoose: (value: string) => void
  onDismiss: () => void
}) {
  const [text, setText] = useState('')
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const found = choices.filter(({ label: own }) => words.every((word) => own.toLowerCase().includes(word)))
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
          aria-label={label}
          onInteractOutside={(event) => {
            if (event.target instanceof Node && button.current?.contains(event.target)) event.preventDefault()
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            button.current?.focus()
          }}
          className="z-50 w-72 max-w-[calc(100vw-16px)] animate-arrive rounded border border-border-strong bg-raised shadow-float"
        >
          <Command shouldFilter={false} loop label={label} defaultValue={chosen}>
            <Command.Input
              autoFocus
              value={text}
              onValueChange={setText}
              placeholder="Type to find"
              className="h-9 w-full border-b border-border bg-transparent px-3 outline-none"
            />
            <Command.List className="max-h-[min(320px,50dvh)] overflow-y-auto p-1">
              <Command.Empty className="px-2 py-3 text-muted">Nothing found for “{text}”.</Command.Empty>
              {found.slice(0, most).map(({ value, label: own, drawn }) => (
                <Command.Item
                  key={value}
                  value={value === '' ? 'any' : value}
                  onSelect={() => {
                    onDismiss()
                    onChoose(value)
                  }}
                  className="flex min-h-7 cursor-default items-center gap-2 rounded-[4px] px-2 aria-selected:bg-hover"
                >
                  <span className="min-w-0 grow truncate">{drawn ?? own}</span>
                  {value === chosen && <Check aria-label="chosen" className="size-3.5 shrink-0 text-accent" />}
                </Command.Item>
              ))}
            </Command.List>
          </Command>
          {found.length > most && (
            <p className="border-t border-border px-3 py-1.5 text-small text-muted">
              and {found.length - most} more: type to find them
            </p>
          )}
          {footer !== undefined && <div className="border-t border-border p-1">{footer}</div>}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}
