'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { ScrollText } from 'lucide-react'
import { useMemo } from 'react'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { ButtonLink } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { LogView } from './log-view.tsx'

/** What all services of an environment say, as one stream. */
export function Logs() {
  const place = usePlace()
  const trpc = useTRPC()
  const { data: services } = useSuspenseQuery(trpc.services.catalogue.queryOptions(place))
  const names = useMemo(
    () =>
      services
        .filter(({ team }) => team === place.team)
        .map(({ name }) => name)
        .sort(),
    [services, place.team],
  )
  return (
    <div className="flex h-full flex-col">
      <h1 className="px-4 pt-4 text-title font-semibold tracking-[-0.01em] sm:px-6">Logs</h1>
      {names.length === 0 ? (
        <EmptyState
          icon={<ScrollText />}
          title={`${place.team} has no services yet`}
          action={
            <ButtonLink kind="primary" href={paths.newService(place)}>
              New service
            </ButtonLink>
          }
        >
          Logs from all services appear here as they are written.
        </EmptyState>
      ) : (
        <LogView key={`${place.team}/${place.environment}`} {...place} names={names} />
      )}
    </div>
  )
}
