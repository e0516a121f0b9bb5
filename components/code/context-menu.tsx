'use client'
import { DropdownMenu as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { OpenMenu } from '#components/ui/menu.tsx'

/** A menu where the pointer, or the row that has the focus, is. Mounted is open; its items are `MenuItem`s. */
export function ContextMenu({
  x,
  y,
  onClose,
  children,
}: {
  x: number
  y: number
  onClose: () => void
  children: ReactNode
}) {
  return (
    <OpenMenu value={Radix}>
      <Radix.Root
        open
        modal={false}
        onOpenChange={(open) => {
          if (!open) onClose()
        }}
      >
        <Radix.Trigger asChild>
          <span aria-hidden className="pointer-events-none fixed size-px" style={{ left: x, top: y }} />
        </Radix.Trigger>
        <Radix.Portal>
          <Radix.Content
            align="start"
            sideOffset={0}
            collisionPadding={8}
            className="z-50 min-w-48 animate-arrive rounded border border-border-strong bg-raised p-1 shadow-float"
            onCloseAutoFocus={(event) => event.preventDefault()}
          >
            {children}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </OpenMenu>
  )
}
