'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { LogView } from './log-view.tsx'

/** What all services of an environment say, as one stream. */
export function Logs() {
  const place = usePlace()
  const trpc = useTRPC()
  const { data: services } = useSuspenseQuery(trpc.services.catalogue.queryOptions(place))
  const names = useMemo(() => services.filter(({ team }) => team === place.team).map(({ name }) => name).sort(), [services, place.team])
  return (
    <div className="flex h-full flex-col">
      <h1 className="px-4 pt-4 text-title font-semibold tracking-[-0.01em] sm:px-6">Logs</h1>
      <LogView key={`${place.team}/${place.environment}`} {...place} names={names} />
    </div>
  )
}
