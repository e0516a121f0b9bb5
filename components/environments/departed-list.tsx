'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Undo2 } from 'lucide-react'
import type { DepartedEnvironment } from '#contract/records.ts'
import { useTRPC } from '#client/trpc.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { Time } from '#components/ui/time.tsx'
import { EnvironmentShape } from './environment-mark.tsx'
import { useRestore } from './life.ts'

/** What was deleted, or has expired, within a day: each can come back. Nothing when there is none. */
export function DepartedList({ mayRestore }: { mayRestore: string | null }) {
  const { team } = usePlace()
  const trpc = useTRPC()
  const { data: departed } = useSuspenseQuery(trpc.environments.departed.queryOptions({ team }))
  const { restore, restoring } = useRestore()
  const may = useMay()
  if (departed.length === 0) return null
  return (
    <section aria-labelledby="departed" className="px-4 pt-7 pb-10 sm:px-6">
      <h2 id="departed" className="text-large font-semibold">
        Recently deleted
      </h2>
      <p className="mt-0.5 text-pretty text-muted">
        You can restore them for one day, with their overrides, variables, data and logs. Until then, calls to them are
        refused.
      </p>
      <ul
        aria-label="Recently deleted"
        className="mt-3 divide-y divide-border overflow-hidden rounded border border-border bg-raised"
      >
        {departed.map((one) => (
          <li key={one.id} className="flex min-h-[46px] items-center gap-3 py-1.5 pr-2 pl-3">
            <EnvironmentShape kind={one.kind} className="opacity-60" />
            <span className="min-w-0 grow sm:flex sm:items-baseline sm:gap-3">
              <span className="block shrink-0 truncate font-medium sm:w-44">{one.name}</span>
              <span className="block min-w-0 truncate text-small text-muted">
                <Story of={one} />
              </span>
            </span>
            <span className="hidden shrink-0 text-small text-muted md:inline">
              deleted for good <Time at={one.until} />
            </span>
            <Button
              size="small"
              reason={mayRestore ?? may('service.deploy', one)}
              busy={restoring === one.id}
              onClick={() => restore(one)}
              aria-label={`Restore ${one.name}`}
            >
              <Undo2 />
              Restore
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Story({ of: { expired, departedAt, overrides, parent } }: { of: DepartedEnvironment }) {
  return (
    <>
      {expired ? 'expired' : 'deleted'} <Time at={departedAt} /> ·{' '}
      {overrides.length === 0 ? `no overrides` : `overrides: ${overrides.map(({ service }) => service).join(', ')}`} ·
      on {parent}
    </>
  )
}
