'use client'
import { Tooltip as Radix } from 'radix-ui'
import type { ReactElement, ReactNode } from 'react'
import { Kbd } from './kbd.tsx'

export interface TooltipProps {
  content: ReactNode
  /** Shortcut shown beside the words: `mod+k`. */
  keys?: string | undefined
  side?: 'top' | 'right' | 'bottom' | 'left'
  children: ReactElement
}

/** A hint on hover and on keyboard focus. The child must take a ref and be focusable. */
export function Tooltip({ content, keys, side = 'bottom', children }: TooltipProps) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 flex max-w-72 animate-arrive items-center gap-2 rounded border border-border-strong bg-raised px-2 py-1 text-small text-text shadow-float"
        >
          {content}
          {keys !== undefined && <Kbd keys={keys} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** Once, around the console: the second hint of a row of buttons opens at once. */
export function TooltipArea({ children }: { children: ReactNode }) {
  return <Radix.Provider delayDuration={350} skipDelayDuration={200}>{children}</Radix.Provider>
}
