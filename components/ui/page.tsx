import { clsx } from 'clsx'
import type { ReactNode } from 'react'

/** The head of a screen: its name, a line about it, its buttons, and what filters it. */
export function PageHeader({
  title,
  about,
  actions,
  children,
}: {
  title: ReactNode
  about?: ReactNode
  actions?: ReactNode
  children?: ReactNode
}) {
  return (
    <header className="border-b border-border px-4 pt-4 sm:px-6">
      <div className="flex min-h-[42px] flex-wrap items-center gap-x-3 gap-y-2 pb-3">
        <h1 className="text-title font-semibold tracking-[-0.01em]">{title}</h1>
        {about !== undefined && <p className="tabular text-body text-muted">{about}</p>}
        {actions !== undefined && <div className="ml-auto flex items-center gap-2">{actions}</div>}
      </div>
      {children}
    </header>
  )
}

/** The bar under a head: search and filters. */
export function FilterBar({ children, label }: { children: ReactNode; label: string }) {
  return (
    <div
      role="search"
      aria-label={label}
      className="-mx-4 flex items-center gap-2 overflow-x-auto px-4 pb-3 [scrollbar-width:none] sm:mx-0 sm:flex-wrap sm:overflow-visible sm:px-0"
    >
      {children}
    </div>
  )
}

/** Text-width content of a screen, for settings and forms. */
export function PageBody({ wide = false, children }: { wide?: boolean; children: ReactNode }) {
  return <div className={clsx('flex flex-col gap-8 px-4 py-6 sm:px-6', !wide && 'max-w-4xl')}>{children}</div>
}

/** A titled part of a screen. */
export function Section({
  title,
  about,
  actions,
  children,
}: {
  title: string
  about?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  return (
    <section>
      <div className="mb-2.5 flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0 grow basis-48">
          <h2 className="text-large font-semibold">{title}</h2>
          {about !== undefined && <p className="text-body text-pretty text-muted">{about}</p>}
        </div>
        {actions}
      </div>
      {children}
    </section>
  )
}

/** A bordered box on the page. */
export function Panel({ className, children }: { className?: string; children: ReactNode }) {
  return <div className={clsx('overflow-hidden rounded border border-border bg-raised', className)}>{children}</div>
}

/** Names and values, two columns. */
export function Properties({ children }: { children: ReactNode }) {
  return <dl className="divide-y divide-border">{children}</dl>
}

export function Property({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-h-[34px] flex-wrap items-center gap-x-4 px-3 py-1.5">
      <dt className="w-40 shrink-0 text-muted">{name}</dt>
      <dd className="min-w-0 grow basis-48 break-words">{children}</dd>
    </div>
  )
}
