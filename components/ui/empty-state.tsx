import type { ReactNode } from 'react'

/** What goes here, and the next step. `alone`: there is nothing else on the screen, so that its title is the screen's. */
export function EmptyState({
  icon,
  title,
  alone = false,
  children,
  action,
}: {
  icon?: ReactNode
  title: string
  alone?: boolean
  children?: ReactNode
  action?: ReactNode
}) {
  const Title = alone ? 'h1' : 'h2'
  return (
    <div className="mx-auto flex max-w-md flex-col items-center px-6 py-16 text-center">
      {icon !== undefined && (
        <span
          aria-hidden
          className="mb-4 flex size-10 items-center justify-center rounded border border-border bg-raised text-muted [&_svg]:size-[18px]"
        >
          {icon}
        </span>
      )}
      <Title className="text-large font-semibold">{title}</Title>
      {children !== undefined && <div className="mt-1 text-body text-pretty text-muted">{children}</div>}
      {action !== undefined && <div className="mt-4 flex flex-wrap items-center justify-center gap-2">{action}</div>}
    </div>
  )
}
