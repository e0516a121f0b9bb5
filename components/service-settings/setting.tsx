import type { ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Property } from '#components/ui/page.tsx'
import { Locked } from './locked.tsx'

/** One setting: what it is, what it means, who decides it; and the button that changes it alone, if there is one. */
export function Setting({
  name,
  means,
  lockedBy,
  change,
  children,
}: {
  name: string
  means?: ReactNode
  /** m3o.json's key, when it is set there. */
  lockedBy?: string | undefined
  change?: { words: string; label: string; reason: string | null; run: () => void } | undefined
  children: ReactNode
}) {
  return (
    <Property name={name}>
      <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-0 break-words">{children}</span>
        {lockedBy !== undefined && <Locked by={lockedBy} />}
        {change !== undefined && (
          <Button
            size="small"
            className="ml-auto"
            aria-label={change.label}
            reason={change.reason}
            onClick={change.run}
          >
            {change.words}
          </Button>
        )}
      </span>
      {means !== undefined && <span className="block text-small text-pretty text-muted">{means}</span>}
    </Property>
  )
}
