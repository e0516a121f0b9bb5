'use client'
import { createTRPCClient, httpBatchStreamLink, httpLink, retryLink, splitLink, type TRPCClient } from '@trpc/client'
import { createTRPCContext } from '@trpc/tanstack-react-query'
import { consolePath } from '#contract/console-paths.ts'
import type { AppRouter, Inputs, Outputs } from '#server/router.ts'
import { sendOnce } from './change-link.ts'
import { errorOf } from './errors.ts'

export type { Inputs, Outputs }

/** `useTRPC()` gives the options of every procedure: `useSuspenseQuery(trpc.services.list.queryOptions({team, environment}))`. */
export const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<AppRouter>()

/** Queries are batched into one request and answered as they are ready; changes go by themselves. */
export function createClient(): TRPCClient<AppRouter> {
  return createTRPCClient<AppRouter>({
    links: [
      patient,
      sendOnce,
      splitLink({
        // A stream's parts are handed on as they come, as a batch's answers are.
        condition: ({ type, path }) => type === 'query' || path === 'calls.stream',
        true: httpBatchStreamLink({ url: consolePath.trpc, maxURLLength: 4_000, maxItems: 20 }),
        false: httpLink({ url: consolePath.trpc }),
      }),
    ],
  })
}

/** How often what is away for a moment is asked for, and what took too long, which may do so again. */
const mostAttempts: Readonly<Record<string, number>> = { unavailable: 6, timeout: 2 }

/**
 * What is away for a moment is asked for again, whoever asks: a cache, a log, an editor. A change is not, as it may have
 * been made. On the server nothing waits: the browser asks.
 */
const patient = retryLink<AppRouter>({
  retry: ({ op, error, attempts }) =>
    typeof window !== 'undefined' &&
    op.type === 'query' &&
    op.signal?.aborted !== true &&
    attempts < (mostAttempts[errorOf(error).code] ?? 0),
  retryDelayMs: (attempts) => Math.min(250 * 2 ** attempts, 4_000),
})
