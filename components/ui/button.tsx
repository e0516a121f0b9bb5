'use client'
import Link from 'next/link'
import type { ComponentProps, MouseEvent, ReactElement, ReactNode } from 'react'
import { type ButtonKind, type ButtonSize, buttonStyle } from './button-style.ts'
import { Spinner } from './spinner.tsx'
import { Tooltip } from './tooltip.tsx'

interface Common {
  kind?: ButtonKind
  size?: ButtonSize
  /** Why it cannot be pressed now; it stays reachable, and says this on hover and focus. */
  reason?: string | null | undefined
  /** Shortcut, shown in the hint. */
  keys?: string | undefined
}

export interface ButtonProps extends Common, Omit<ComponentProps<'button'>, 'disabled'> {
  /** Work that it started is under way: it does not answer, and says so. */
  busy?: boolean
}

export function Button({
  kind,
  size,
  reason,
  keys,
  busy = false,
  className,
  children,
  onClick,
  type = 'button',
  ...rest
}: ButtonProps) {
  const stopped = busy || Boolean(reason)
  const button = (
    <button
      {...rest}
      type={type}
      aria-disabled={stopped || undefined}
      aria-busy={busy || undefined}
      className={buttonStyle(kind, size, className)}
      onClick={stopped ? refuse : onClick}
    >
      {busy && <Spinner />}
      {children}
    </button>
  )
  return hinted(button, reason ?? null, null, keys)
}

/** A link that looks like a button. */
export function ButtonLink({
  kind,
  size,
  className,
  ...rest
}: Pick<Common, 'kind' | 'size'> & ComponentProps<typeof Link>) {
  return <Link {...rest} className={buttonStyle(kind, size, className)} />
}

export interface IconButtonProps extends Common, Omit<ComponentProps<'button'>, 'disabled' | 'aria-label'> {
  /** What it does: its accessible name, and its hint. */
  label: string
  busy?: boolean
}

export function IconButton({
  kind = 'quiet',
  size = 'normal',
  label,
  reason,
  keys,
  busy = false,
  className,
  onClick,
  children,
  ...rest
}: IconButtonProps) {
  const stopped = busy || Boolean(reason)
  const square = size === 'small' ? 'w-6 px-0!' : 'w-[30px] px-0!'
  const button = (
    <button
      {...rest}
      type="button"
      aria-label={label}
      aria-disabled={stopped || undefined}
      className={buttonStyle(kind, size, `${square} ${className ?? ''}`)}
      onClick={stopped ? refuse : onClick}
    >
      {busy ? <Spinner /> : children}
    </button>
  )
  return hinted(button, reason ?? null, label, keys)
}

function hinted(
  button: ReactElement<Record<string, unknown>>,
  reason: string | null,
  label: string | null,
  keys: string | undefined,
): ReactNode {
  const words = reason
    ? label === null
      ? reason
      : `${label}: ${reason}`
    : (label ?? (keys === undefined ? null : 'Shortcut'))
  if (words === null) return button
  return (
    <Tooltip content={words} keys={reason ? undefined : keys}>
      {button}
    </Tooltip>
  )
}

/** aria-disabled keeps a button in the tab order, so pressing it has to be stopped by hand, submitting included. */
function refuse(event: MouseEvent) {
  event.preventDefault()
  event.stopPropagation()
}
