'use client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTRPC } from '#client/trpc.ts'

const leastLetters = 3
const none: ReadonlySet<string> = new Set()

/** Ids of the services whose documents hold what is searched for; the platform looks, as those texts are not here. */
export function useDocumented(team: string, query: string): ReadonlySet<string> {
  const wanted = query.trim()
  const enabled = wanted.length >= leastLetters
  const { data } = useQuery(
    useTRPC().services.search.queryOptions(
      { team, query: wanted },
      { enabled, placeholderData: keepPreviousData, staleTime: 30_000 },
    ),
  )
  return useMemo(
    () => (enabled && data !== undefined ? new Set(data.map(({ serviceId }) => serviceId)) : none),
    [enabled, data],
  )
}
