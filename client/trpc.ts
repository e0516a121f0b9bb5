import { QueryClient } from '@tanstack/react-query'
import { createTRPCClient, httpBatchStreamLink, httpLink, splitLink, type TRPCClient, TRPCClientError } from '@trpc/client'
import { createTRPCContext } from '@trpc/tanstack-react-query'
import { type ErrorBody, errorFromBody, type PlatformError } from '#contract/errors.ts'
import { consolePath } from '#contract/console-paths.ts'
import type { AppRouter, Inputs, Outputs } from '#server/router.ts'

export type { Inputs, Outputs }

/** `useTRPC()` gives the options of every procedure: `useSuspenseQuery(trpc.services.list.queryOptions({team, environment}))`. */
export const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<AppRouter>()

/** Queries are batched into one request and answered as they are ready; changes go by themselves. */
export function createClient(): TRPCClient<AppRouter> {
  return createTRPCClient<AppRouter>({
    links: [splitLink({
      condition: (operation) => operation.type === 'query',
      true: httpBatchStreamLink({ url: consolePath.trpc, maxURLLength: 4_000 }),
      false: httpLink({ url: consolePath.trpc }),
    })],
  })
}

/** Nothing is fetched again by itself: the live socket says what changed (client/live-cache.ts). */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: Infinity, gcTime: 10 * 60_000, refetchOnWindowFocus: false, refetchOnReconnect: false, retry: retries },
      mutations: { retry: false },
    },
  })
}

/** What happened, what to do and at which field, of anything that failed. */
export function errorOf(error: unknown): PlatformError {
  if (error instanceof TRPCClientError) {
    const body = (error.data as { m3o?: ErrorBody } | null | undefined)?.m3o
    if (body !== undefined) return errorFromBody(body)
    return errorFromBody({ code: 'unavailable', message: 'the console cannot be reached', fix: 'Check the connection; it goes on by itself.' })
  }
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown }
  if (name === 'PlatformError' && typeof code === 'string') return errorFromBody(error)
  return errorFromBody({ code: 'internal', message: 'something went wrong in this page', fix: 'Load it again.' })
}

/** Only what is away for a moment is worth asking again. */
const retries = (count: number, error: Error): boolean => count < 4 && ['unavailable', 'timeout'].includes(errorOf(error).code)
