'use client'
import { clsx } from 'clsx'
import { Check } from 'lucide-react'
import Link from 'next/link'
import { DropdownMenu as Radix } from 'radix-ui'
import type { ReactElement, ReactNode } from 'react'
import { Kbd } from './kbd.tsx'

const row = 'flex min-h-7 w-full cursor-default select-none items-center gap-2 rounded-[4px] px-2 text-body no-underline outline-none data-highlighted:bg-hover [&>svg]:size-3.5 [&>svg]:shrink-0'

export function Menu({ trigger, align = 'start', width = 224, children }: {
  trigger: ReactElement
  align?: 'start' | 'end'
  width?: number
  children: ReactNode
}) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          style={{ minWidth: width }}
          className="z-50 max-h-[min(480px,var(--radix-dropdown-menu-content-available-height))] max-w-[calc(100vw-16px)] animate-arrive overflow-y-auto rounded border border-border-strong bg-raised p-1 shadow-float"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** One of several that may all be chosen: the menu stays open. */
export function MenuCheck({ checked, onChange, children }: { checked: boolean; onChange: (checked: boolean) => void; children: ReactNode }) {
  return (
    <Radix.CheckboxItem checked={checked} onCheckedChange={onChange} onSelect={(event) => event.preventDefault()} className={row}>
      <span className="min-w-0 grow truncate">{children}</span>
      <Check aria-hidden className={checked ? 'text-accent' : 'invisible'} />
    </Radix.CheckboxItem>
  )
}

interface ItemProps {
  icon?: ReactNode
  keys?: string | undefined
  chosen?: boolean | undefined
  bad?: boolean
  /** Why it cannot be chosen now: shown under its words. */
  reason?: string | null | undefined
  children: ReactNode
}

export function MenuItem({ onSelect, ...item }: ItemProps & { onSelect: () => void }) {
  return (
    <Radix.Item
      aria-disabled={item.reason ? true : undefined}
      className={clsx(row, item.bad && !item.reason && 'text-bad')}
      onSelect={(event) => {
        if (item.reason) event.preventDefault()
        else onSelect()
      }}
    >
      <ItemBody {...item} />
    </Radix.Item>
  )
}

export function MenuLink({ href, ...item }: ItemProps & { href: string }) {
  return (
    <Radix.Item asChild className={row}>
      <Link href={href} prefetch={false}><ItemBody {...item} /></Link>
    </Radix.Item>
  )
}

function ItemBody({ icon, keys, chosen, reason, children }: ItemProps) {
  return (
    <>
      {icon !== undefined && <span className="flex size-4 shrink-0 items-center justify-center text-muted [&_svg]:size-3.5">{icon}</span>}
      <span className={clsx('min-w-0 grow', reason && 'py-1 text-muted')}>
        <span className="block truncate">{children}</span>
        {reason ? <span className="block text-small leading-4">{reason}</span> : null}
      </span>
      {keys !== undefined && <Kbd keys={keys} />}
      {chosen !== undefined && <Check aria-hidden={!chosen} aria-label="chosen" className={chosen ? 'text-accent' : 'invisible'} />}
    </>
  )
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="px-2 pt-2 pb-1 text-tiny font-medium text-muted">{children}</Radix.Label>
}

export function MenuLine() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-border" />
}
