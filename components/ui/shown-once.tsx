'use client'
import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { useCopy } from './copy-button.tsx'
import { Dialog } from './dialog.tsx'

/** A secret that cannot be seen again: a token, an invitation's link. */
export function ShownOnce({
  title,
  secret,
  children,
  more,
  onDismiss,
}: {
  title: string
  secret: string
  children: ReactNode
  more?: ReactNode
  onDismiss: () => void
}) {
  const { copied, copy } = useCopy(secret)
  return (
    <Dialog
      title={title}
      onDismiss={onDismiss}
      footer={
        <>
          <Button onClick={onDismiss}>Done</Button>
          <Button kind="primary" autoFocus onClick={copy}>
            {copied ? 'Copied' : 'Copy'}
          </Button>
        </>
      }
    >
      <code
        data-secret
        tabIndex={0}
        aria-label="Secret, shown this once"
        className="block rounded border border-border bg-sunken px-3 py-2 text-small break-all select-all"
      >
        {secret}
      </code>
      <p className="mt-3 text-pretty">{children}</p>
      <p className="mt-1 text-muted">It is not shown again: only its hash is stored.</p>
      {more}
    </Dialog>
  )
}
