import { dehydrate, type FetchQueryOptions, hashKey, HydrationBoundary } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { pageQueries } from './bridge.ts'

type Trpc = Awaited<ReturnType<typeof pageQueries>>['trpc']

/**
 * Answers the queries on the server, so that their rows are in the page's markup and the browser asks for nothing. What
 * fails here is asked again by the browser, whose error boundary then has the whole story.
 */
export async function Prefetched({ queries: wanted, children }: { queries: (trpc: Trpc) => readonly object[]; children: ReactNode }) {
  const { queries, trpc } = await pageQueries()
  const options = wanted(trpc) as readonly FetchQueryOptions[]
  await Promise.all(options.map((each) => queries.prefetchQuery(each)))
  // Layout and page share the request's cache; each hands over only its own.
  const own = new Set(options.map(({ queryKey }) => hashKey(queryKey)))
  const state = dehydrate(queries, { shouldDehydrateQuery: (query) => query.state.status === 'success' && own.has(query.queryHash) })
  return <HydrationBoundary state={state}>{children}</HydrationBoundary>
}
