'use client'
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { createQueryClient } from '#client/query-client.ts'
import { createClient, TRPCProvider } from '#client/trpc.ts'
import { TipLayer } from '#components/ui/tip-layer.tsx'
import { AwayNotice } from './away-notice.tsx'

interface Clients {
  queries: QueryClient
  client: ReturnType<typeof createClient>
}

let inBrowser: Clients | undefined

/** React forgets what a render made that waits before it was ever shown, and makes it anew: then it would ask for ever. */
const clients = (): Clients => (typeof window === 'undefined' ? onServer() : (inBrowser ??= make()))

const make = (): Clients => ({ queries: createQueryClient(), client: createClient() })

/** A query that was not prefetched has failed there already: the browser asks, not this render. */
function onServer(): Clients {
  const made = make()
  made.queries.setDefaultOptions({ queries: { ...made.queries.getDefaultOptions().queries, retry: false } })
  return made
}

/** What client components read from; one a page, and one a request on the server. */
export function Providers({ children }: { children: ReactNode }) {
  const [{ queries, client }] = useState(clients)
  return (
    <QueryClientProvider client={queries}>
      <TRPCProvider trpcClient={client} queryClient={queries}>
        {children}
        <TipLayer />
        <AwayNotice />
      </TRPCProvider>
    </QueryClientProvider>
  )
}
