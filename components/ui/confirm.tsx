'use client'
import { type ReactNode, useId, useState } from 'react'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { ErrorLine } from './error-state.tsx'
import { Input } from './input.tsx'

export interface ConfirmProps {
  title: string
  /** What will be gone, what stays. */
  children: ReactNode
  /** The button's words: "Delete staging". */
  action: string
  /** Must be typed before the button answers; without it one press is enough. */
  name?: string
  busy: boolean
  error: unknown
  onConfirm: () => void
  onDismiss: () => void
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, children, action, name, busy, error, onConfirm, onDismiss }: ConfirmProps) {
  const [typed, setTyped] = useState('')
  const form = useId()
  const input = useId()
  const reason = name !== undefined && typed !== name ? `Type ${name} first` : null
  return (
    <Dialog
      title={title}
      onDismiss={onDismiss}
      footer={
        <>
          <Button onClick={onDismiss}>Cancel</Button>
          <Button kind="bad" type="submit" form={form} busy={busy} reason={reason}>
            {action}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (reason === null && !busy) onConfirm()
        }}
      >
        <div className="text-pretty">{children}</div>
        {name !== undefined && (
          <label htmlFor={input} className="flex flex-col gap-1">
            <span>
              Type <code className="rounded-[4px] bg-sunken px-1 font-semibold select-all">{name}</code> to confirm
            </span>
            <Input id={input} autoFocus value={typed} onChange={(event) => setTyped(event.target.value)} />
          </label>
        )}
        {error != null && <ErrorLine error={error} />}
      </form>
    </Dialog>
  )
}
