import { QueryClient } from '@tanstack/react-query'
import { errorOf } from './errors.ts'

const isServer = typeof window === 'undefined'
/** Older than this, what came with a page that was fetched ahead may have missed an event. */
const trustedMs = 15_000

/**
 * Nothing is fetched again by itself while it is shown: the live socket says what changed (client/live-cache.ts). A screen
 * that is opened with data of a while ago shows it at once, and looks again behind it.
 */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // On the server one goes with its page: a timer for each of its queries would keep all that the page was made of.
        staleTime: Infinity,
        gcTime: isServer ? Infinity : 10 * 60_000,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        // In the browser it is the client that asks again, for all who ask it (client/trpc.ts).
        retry: isServer ? retries : false,
        refetchOnMount: ({ state }) => (Date.now() - state.dataUpdatedAt > trustedMs ? 'always' : true),
      },
      // A paused change would be sent when the network is back, whatever its person does by then: it fails instead (client/change-link.ts).
      mutations: { retry: false, networkMode: 'always' },
    },
  })
}

/** Only what is away for a moment is worth asking again. */
const retries = (count: number, error: Error): boolean =>
  count < 4 && ['unavailable', 'timeout'].includes(errorOf(error).code)
