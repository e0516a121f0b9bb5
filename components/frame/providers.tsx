'use client'
import { QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { createQueryClient } from '#client/query-client.ts'
import { createClient, TRPCProvider } from '#client/trpc.ts'
import { TipLayer } from '#components/ui/tip-layer.tsx'

/** What client components read from; made once a page, and once a request on the server. */
export function Providers({ children }: { children: ReactNode }) {
  const [{ queries, client }] = useState(() => {
    const made = { queries: createQueryClient(), client: createClient() }
    // On the server a query that was not prefetched has failed there already: the browser asks, not this render.
    if (typeof window === 'undefined') made.queries.setDefaultOptions({ queries: { ...made.queries.getDefaultOptions().queries, retry: false } })
    return made
  })
  return (
    <QueryClientProvider client={queries}>
      <TRPCProvider trpcClient={client} queryClient={queries}>
        {children}
        <TipLayer />
      </TRPCProvider>
    </QueryClientProvider>
  )
}
