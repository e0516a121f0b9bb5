'use client'
import { Hourglass } from 'lucide-react'
import { isEnding } from '#contract/environment-life.ts'
import { useKeep } from '#components/environments/life.ts'
import { Button } from '#components/ui/button.tsx'
import { useNow } from '#components/ui/now.ts'
import { Time } from '#components/ui/time.tsx'
import { useEnvironment } from './environment.ts'
import { useMay } from './may.ts'

/** Above every screen of an environment that expires within a day: why, and one press to keep it. */
export function EndingNotice() {
  const environment = useEnvironment()
  const may = useMay()
  const now = useNow()
  const { keep, keeping } = useKeep()
  if (environment === undefined || !isEnding(environment.expires, now)) return null
  const { name, expires, usedAt } = environment
  return (
    <aside
      aria-label="Expiry"
      className="flex min-h-10 items-center gap-2.5 border-b border-border bg-warn-soft py-1.5 pr-3 pl-4 sm:px-6"
    >
      <Hourglass aria-hidden className="size-3.5 shrink-0 text-warn" />
      <p className="min-w-0 grow text-pretty">
        <strong className="font-medium">{name}</strong> expires <Time at={expires} />
        {usedAt !== null && (
          <span className="max-sm:hidden">
            : the last call, edit or deployment was <Time at={usedAt} />
          </span>
        )}
        .
      </p>
      <Button size="small" reason={may('environment.write')} busy={keeping !== undefined} onClick={() => keep(name)}>
        Keep it
      </Button>
    </aside>
  )
}
