import type { ReactNode } from 'react'

/** What goes here, and the next step. */
export function EmptyState({ icon, title, children, action }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center px-6 py-16 text-center">
      {icon !== undefined && (
        <span aria-hidden className="mb-4 flex size-10 items-center justify-center rounded border border-border bg-raised text-muted [&_svg]:size-[18px]">{icon}</span>
      )}
      <h2 className="text-large font-semibold">{title}</h2>
      {children !== undefined && <div className="mt-1 text-body text-pretty text-muted">{children}</div>}
      {action !== undefined && <div className="mt-4 flex flex-wrap items-center justify-center gap-2">{action}</div>}
    </div>
  )
}
