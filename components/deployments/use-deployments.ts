'use client'
import { useQueries, type UseQueryResult } from '@tanstack/react-query'
import { useState } from 'react'
import type { Deployment } from '#contract/records.ts'
import { useTRPC } from '#client/trpc.ts'
import { type DeploymentFilters, firstPage, pageSize } from './first-page.ts'

/**
 * Deployments, newest first, with older ones on demand. The first page is the one that live events patch: it grows as
 * deployments arrive; each older page begins after the last one that was seen when it was asked for.
 */
export function useDeployments(filters: DeploymentFilters) {
  const trpc = useTRPC()
  const first = firstPage(filters)
  const about = JSON.stringify(first)
  const [older, setOlder] = useState<{ about: string; after: string[] }>({ about, after: [] })
  const after = older.about === about ? older.after : []
  const pages = useQueries({
    queries: [null, ...after].map((before) => trpc.deployments.list.queryOptions({ ...first, before })),
    combine: join,
  })
  const last = pages.deployments.at(-1)?.id
  return {
    ...pages,
    showOlder: () => {
      if (last !== undefined) setOlder({ about, after: [...after, last] })
    },
  }
}

function join(results: UseQueryResult<Deployment[], unknown>[]) {
  const seen = new Map<string, Deployment>()
  for (const { data } of results) for (const each of data ?? []) seen.set(each.id, each)
  const lastPage = results.at(-1)
  return {
    deployments: [...seen.values()],
    isPending: results[0]?.isPending ?? true,
    isOlderPending: results.length > 1 && (lastPage?.isPending ?? false),
    hasOlder: (lastPage?.data?.length ?? 0) >= pageSize,
    error: results.find(({ error }) => error != null)?.error ?? null,
  }
}
