'use client'
import { clsx } from 'clsx'
import { Check } from 'lucide-react'
import Link from 'next/link'
import {
  cloneElement,
  createContext,
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
  useContext,
  useId,
  useRef,
  useState,
} from 'react'
import { both } from './handlers.ts'
import { Kbd } from './kbd.tsx'

const row =
  'flex min-h-7 w-full cursor-default select-none items-center gap-2 rounded-[4px] px-2 text-body no-underline outline-none data-highlighted:bg-hover [&>svg]:size-3.5 [&>svg]:shrink-0'

type Parts = (typeof import('./menu-parts.ts'))['DropdownMenu']
let parts: Parts | undefined
const load = () => import('./menu-parts.ts').then((module) => (parts = module.DropdownMenu))

/** The open menu's parts, for the items in it. */
export const OpenMenu = createContext<Parts | null>(null)

function useParts(): Parts {
  const found = useContext(OpenMenu)
  if (found === null) throw new Error('a menu item stands outside of a menu')
  return found
}

export interface MenuProps {
  /** A button; it must pass handlers and its ref on to its element. */
  trigger: ReactElement<Record<string, unknown>>
  align?: 'start' | 'end'
  width?: number
  children: ReactNode
}

/** Opens under its trigger. What it is made of is fetched when the trigger is pointed at, or focused. */
export function Menu({ trigger, align = 'start', width = 224, children }: MenuProps) {
  const button = useRef<HTMLButtonElement>(null)
  const [at, setAt] = useState<DOMRect | null>(null)
  const [, setLoaded] = useState(parts !== undefined)
  const { props } = trigger
  const label = useId()
  const open = () => {
    setAt(button.current?.getBoundingClientRect() ?? null)
    if (parts === undefined) void load().then(() => setLoaded(true))
  }
  const Radix = parts
  return (
    <>
      {cloneElement(trigger, {
        ref: button,
        id: props['id'] ?? label,
        'aria-haspopup': 'menu',
        'aria-expanded': at !== null,
        onPointerEnter: both(props['onPointerEnter'], () => void load()),
        onFocus: both(props['onFocus'], () => void load()),
        onClick: both(props['onClick'], () => (at === null ? open() : setAt(null))),
        onKeyDown: both(props['onKeyDown'], (event: KeyboardEvent) => {
          if (event.key !== 'ArrowDown') return
          event.preventDefault()
          open()
        }),
      })}
      {at !== null && Radix !== undefined && (
        <OpenMenu value={Radix}>
          <Radix.Root
            open
            modal={false}
            onOpenChange={(next) => {
              if (!next) setAt(null)
            }}
          >
            {/* Stands where the trigger does: the menu is placed by it. */}
            <Radix.Trigger asChild>
              <span
                aria-hidden
                className="pointer-events-none fixed"
                style={{ left: at.left, top: at.top, width: at.width, height: at.height }}
              />
            </Radix.Trigger>
            <Radix.Portal container={landmarkOf(button.current)}>
              <Radix.Content
                align={align}
                sideOffset={4}
                collisionPadding={8}
                aria-labelledby={typeof props['id'] === 'string' ? props['id'] : label}
                style={{ minWidth: width }}
                // The trigger closes it by itself; the focus goes back to it.
                onInteractOutside={(event) => {
                  if (event.target instanceof Node && button.current?.contains(event.target)) event.preventDefault()
                }}
                onCloseAutoFocus={(event) => {
                  event.preventDefault()
                  button.current?.focus()
                }}
                className="z-50 max-h-[min(480px,var(--radix-dropdown-menu-content-available-height))] max-w-[calc(100vw-16px)] animate-arrive overflow-y-auto rounded border border-border-strong bg-raised p-1 shadow-float"
              >
                {children}
              </Radix.Content>
            </Radix.Portal>
          </Radix.Root>
        </OpenMenu>
      )}
    </>
  )
}

/** Where the menu is drawn: inside a landmark, so that who goes from one to the next comes by it; in its dialog, if it has one. */
function landmarkOf(trigger: HTMLElement | null): HTMLElement {
  return trigger?.closest<HTMLElement>('[role=dialog]') ?? document.querySelector('main') ?? document.body
}

/** One of several that may all be chosen: the menu stays open. */
export function MenuCheck({
  checked,
  onChange,
  children,
}: {
  checked: boolean
  onChange: (checked: boolean) => void
  children: ReactNode
}) {
  const Radix = useParts()
  return (
    <Radix.CheckboxItem
      checked={checked}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
      className={row}
    >
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
  const Radix = useParts()
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
  const Radix = useParts()
  return (
    <Radix.Item asChild className={row}>
      <Link href={href} prefetch={false}>
        <ItemBody {...item} />
      </Link>
    </Radix.Item>
  )
}

function ItemBody({ icon, keys, chosen, reason, children }: ItemProps) {
  return (
    <>
      {icon !== undefined && (
        <span className="flex size-4 shrink-0 items-center justify-center text-muted [&_svg]:size-3.5">{icon}</span>
      )}
      <span className={clsx('min-w-0 grow', reason && 'py-1 text-muted')}>
        <span className="block truncate">{children}</span>
        {reason ? <span className="block text-small leading-4">{reason}</span> : null}
      </span>
      {keys !== undefined && <Kbd keys={keys} />}
      {chosen !== undefined && (
        <Check aria-hidden={!chosen} aria-label="chosen" className={chosen ? 'text-accent' : 'invisible'} />
      )}
    </>
  )
}

export function MenuLabel({ children }: { children: ReactNode }) {
  const Radix = useParts()
  return <Radix.Label className="px-2 pt-2 pb-1 text-tiny font-medium text-muted">{children}</Radix.Label>
}

export function MenuLine() {
  const Radix = useParts()
  return <Radix.Separator className="-mx-1 my-1 h-px bg-border" />
}
