import type { ReactNode } from 'react'

/** The line above a list inside a tab: what it is, and its button. */
export function Toolbar({ about, children }: { about: ReactNode; children?: ReactNode }) {
  return (
    <div className="flex min-h-14 flex-wrap items-center gap-x-4 gap-y-2 border-b border-border px-4 py-2 sm:px-6">
      <p className="min-w-0 grow basis-64 text-pretty text-muted">{about}</p>
      {children}
    </div>
  )
}
