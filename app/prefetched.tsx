import { dehydrate, hashKey, HydrationBoundary } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { here, load, page } from '#server/page.ts'

type Trpc = ReturnType<typeof page>['trpc']

/**
 * Answers the queries on the server, so that their rows are in the page's markup and the browser asks for nothing. Who is
 * not signed in is sent to do so; what does not exist is the not-found page; any other failure is asked again by the
 * browser, whose error boundary then has the whole story.
 */
export async function Prefetched({
  queries,
  children,
}: {
  queries: (trpc: Trpc) => readonly { queryKey: readonly unknown[] }[]
  children: ReactNode
}) {
  const { queryClient, trpc } = page()
  const options = queries(trpc)
  await load(await here(), ...options)
  // Layout and page share the request's cache; each hands over only its own.
  const own = new Set(options.map(({ queryKey }) => hashKey(queryKey)))
  const state = dehydrate(queryClient, {
    shouldDehydrateQuery: (query) => query.state.status === 'success' && own.has(query.queryHash),
  })
  return <HydrationBoundary state={state}>{children}</HydrationBoundary>
}
