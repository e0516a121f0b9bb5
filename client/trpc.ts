'use client'
import { createTRPCClient, httpBatchStreamLink, httpLink, splitLink, type TRPCClient } from '@trpc/client'
import { createTRPCContext } from '@trpc/tanstack-react-query'
import { consolePath } from '#contract/console-paths.ts'
import type { AppRouter, Inputs, Outputs } from '#server/router.ts'

export type { Inputs, Outputs }

/** `useTRPC()` gives the options of every procedure: `useSuspenseQuery(trpc.services.list.queryOptions({team, environment}))`. */
export const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<AppRouter>()

/** Queries are batched into one request and answered as they are ready; changes go by themselves. */
export function createClient(): TRPCClient<AppRouter> {
  return createTRPCClient<AppRouter>({
    links: [splitLink({
      // A stream's parts are handed on as they come, as a batch's answers are.
      condition: ({ type, path }) => type === 'query' || path === 'calls.stream',
      true: httpBatchStreamLink({ url: consolePath.trpc, maxURLLength: 4_000 }),
      false: httpLink({ url: consolePath.trpc }),
    })],
  })
}
