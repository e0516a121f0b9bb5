import { clsx } from 'clsx'
import { CircleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

/** Label on the left, control on the right; what is nested goes below its label, at the full width. */
export function FieldRow({
  id,
  name,
  kind,
  optional,
  description,
  problem,
  nested,
  aside,
  children,
}: {
  id: string
  name: string
  kind: string
  optional: boolean
  description: string | undefined
  problem: string | undefined
  nested: boolean
  aside?: ReactNode
  children: ReactNode
}) {
  return (
    <div
      className={clsx(
        'grid gap-x-3 gap-y-1 py-1',
        nested ? 'grid-cols-1' : 'grid-cols-1 sm:grid-cols-[148px_minmax(0,1fr)]',
      )}
    >
      <div className="flex min-h-6 min-w-0 items-center gap-1.5 sm:min-h-[30px]">
        {nested ? (
          <span className="truncate font-mono text-small" title={name}>
            {name}
          </span>
        ) : (
          <label htmlFor={id} className="max-w-full shrink-0 truncate font-mono text-small" title={name}>
            {name}
          </label>
        )}
        <span className="min-w-0 truncate text-tiny text-muted" title={kind}>
          {kind}
          {optional && ', optional'}
        </span>
        {nested && <span className="ml-auto flex shrink-0 items-center gap-1.5">{aside}</span>}
      </div>
      <div className="flex min-w-0 flex-col gap-1">
        <div className="flex min-w-0 items-start gap-2">
          <div className="flex min-w-0 grow flex-col">{children}</div>
          {!nested && aside !== undefined && (
            <span className="flex min-h-[30px] shrink-0 items-center gap-1.5 empty:hidden">{aside}</span>
          )}
        </div>
        <div id={`${id}-line`} className="text-small empty:hidden">
          {problem !== undefined ? (
            <span role="alert" className="flex items-start gap-1 text-bad">
              <CircleAlert aria-hidden className="mt-0.5 size-3 shrink-0" />
              {problem}
            </span>
          ) : (
            description !== undefined && <span className="line-clamp-3 break-words text-muted">{description}</span>
          )}
        </div>
      </div>
    </div>
  )
}

/** What lies inside an object or a list. */
export function Group({ children }: { children: ReactNode }) {
  return <div className="ml-1 flex flex-col border-l border-border-strong pl-3">{children}</div>
}
