'use client'
import { clsx } from 'clsx'
import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { IconButton } from './button.tsx'

export interface DialogProps {
  title: string
  description?: ReactNode
  /** `center`: a question. `side`: a form, beside what it is about (from below on a phone). */
  place?: 'center' | 'side'
  onDismiss: () => void
  /** Buttons, at the bottom, always in sight. */
  footer?: ReactNode
  children?: ReactNode
}

/** Mounted is open: the caller renders it while it is wanted. */
export function Dialog({ title, description, place = 'center', onDismiss, footer, children }: DialogProps) {
  return (
    <Radix.Root
      open
      onOpenChange={(open) => {
        if (!open) onDismiss()
      }}
    >
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-veil" />
        <Radix.Content
          {...(description === undefined && { 'aria-describedby': undefined })}
          // A field that wants the focus has it by now; otherwise the dialog itself, rather than its close button.
          onOpenAutoFocus={(event) => {
            event.preventDefault()
            if (event.target instanceof HTMLElement) event.target.focus()
          }}
          className={clsx(
            'fixed z-40 flex flex-col border border-border-strong bg-raised shadow-float focus:outline-none',
            place === 'side'
              ? 'inset-x-0 bottom-0 max-h-[92dvh] rounded-t sm:inset-y-0 sm:left-auto sm:max-h-none sm:w-[440px] sm:animate-slide sm:rounded-none sm:border-y-0 sm:border-r-0'
              : 'top-[max(12dvh,16px)] left-1/2 max-h-[80dvh] w-[min(480px,calc(100vw-24px))] -translate-x-1/2 animate-arrive rounded',
          )}
        >
          <header className="flex items-start gap-2 border-b border-border py-2.5 pr-2 pl-4">
            <div className="min-w-0 grow py-[5px]">
              <Radix.Title className="text-large font-semibold">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="mt-0.5 text-body text-muted">{description}</Radix.Description>
              )}
            </div>
            <IconButton label="Close" onClick={onDismiss}>
              <X />
            </IconButton>
          </header>
          <div className="min-h-0 grow overflow-y-auto px-4 py-4">{children}</div>
          {footer !== undefined && (
            <footer className="flex items-center justify-end gap-2 border-t border-border px-4 py-3">{footer}</footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
