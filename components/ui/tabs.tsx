'use client'
import { clsx } from 'clsx'
import { usePathname } from 'next/navigation'
import { type ReactNode, useEffect, useRef } from 'react'
import { Arriving, type Shape, type What } from './arriving.tsx'
import { useKeptHrefs } from './kept-query.ts'
import { PointedLink } from './pointed-link.tsx'

export interface TabLink {
  label: string
  href: string
  /** A number or mark after the word. */
  mark?: ReactNode
  /** For tabs that are told apart by the address's query; otherwise the path decides. */
  here?: boolean
  /** Of what it leads to. */
  shape?: Shape
  /** Somebody seems about to open it. */
  onIntent?: () => void
}

/** Tabs are links: each has its own address, and a colleague can open it. */
export function Tabs({ label, tabs, what = 'screen' }: { label: string; tabs: readonly TabLink[]; what?: What }) {
  const pathname = usePathname()
  const bar = useRef<HTMLElement>(null)
  const kept = useKeptHrefs()
  // On a narrow window the bar is wider than that: the tab that one is on must be in sight.
  useEffect(() => {
    // Newer browsers give a promise, which React would take for a clean-up.
    bar.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [pathname])
  return (
    <nav
      ref={bar}
      aria-label={label}
      className="group/tabs -mx-2 -mb-px flex overflow-x-auto [scrollbar-width:none] sm:gap-1"
    >
      {tabs.map((tab) => {
        const here = tab.here ?? (pathname === tab.href || pathname.startsWith(`${tab.href}/`))
        return (
          <PointedLink
            key={tab.href}
            href={kept(tab.href)}
            aria-current={here ? 'page' : undefined}
            data-focus-inside
            onPointerEnter={tab.onIntent}
            onFocus={tab.onIntent}
            className={clsx(
              'flex h-9 shrink-0 items-center gap-1.5 border-b-2 px-2 text-body no-underline transition-colors duration-100 has-data-arriving:border-text has-data-arriving:text-text',
              here
                ? 'border-text font-medium text-text group-has-data-arriving/tabs:not-has-data-arriving:border-transparent'
                : 'border-transparent text-muted hover:text-text',
            )}
          >
            {tab.label}
            {tab.mark}
            <Arriving what={what} shape={tab.shape} />
          </PointedLink>
        )
      })}
    </nav>
  )
}
