import { QueryClient } from '@tanstack/react-query'
import { errorOf } from './errors.ts'

/** Nothing is fetched again by itself: the live socket says what changed (client/live-cache.ts). */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: Infinity, gcTime: 10 * 60_000, refetchOnWindowFocus: false, refetchOnReconnect: false, retry: retries },
      mutations: { retry: false },
    },
  })
}

/** Only what is away for a moment is worth asking again. */
const retries = (count: number, error: Error): boolean => count < 4 && ['unavailable', 'timeout'].includes(errorOf(error).code)
