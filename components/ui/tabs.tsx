'use client'
import { clsx } from 'clsx'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'

export interface TabLink {
  label: string
  href: string
  /** A number or mark after the word. */
  mark?: ReactNode
  /** For tabs that are told apart by the address's query; otherwise the path decides. */
  here?: boolean
  /** Somebody seems about to open it. */
  onIntent?: () => void
}

/** Tabs are links: each has its own address, and a colleague can open it. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly TabLink[] }) {
  const pathname = usePathname()
  return (
    <nav aria-label={label} className="-mb-px flex gap-1 overflow-x-auto [scrollbar-width:none]">
      {tabs.map((tab) => {
        const here = tab.here ?? (pathname === tab.href || pathname.startsWith(`${tab.href}/`))
        return (
          <Link
            key={tab.href}
            href={tab.href}
            aria-current={here ? 'page' : undefined}
            data-focus-inside
            onPointerEnter={tab.onIntent}
            onFocus={tab.onIntent}
            className={clsx(
              'flex h-9 shrink-0 items-center gap-1.5 border-b-2 px-2 text-body no-underline transition-colors duration-100',
              here ? 'border-text font-medium text-text' : 'border-transparent text-muted hover:text-text',
            )}
          >
            {tab.label}
            {tab.mark}
          </Link>
        )
      })}
    </nav>
  )
}
