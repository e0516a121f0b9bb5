import { isAway, isOnline, pause, waitFor } from './web-away.ts'

type Fetch = typeof fetch

/** A prefetch may fail: the screen is requested again when somebody opens it. */
const prefetches = ['next-router-prefetch', 'next-router-segment-prefetch']

/**
 * A screen that the router asks for waits until web can be reached again: when its request fails, the router loads the address
 * whole, and then the browser shows its own error page in place of the console. Everything else fails at once.
 */
export function patientFetch(fetch: Fetch): Fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers)
    if (!headers.has('rsc') || prefetches.some((name) => headers.has(name))) return fetch(input, init)
    let done: (() => void) | undefined
    try {
      for (let attempts = 0; ; attempts += 1) {
        if (isOnline()) {
          try {
            const response = await fetch(input, init)
            if (!isAway(response)) return response
          } catch (error) {
            if (init?.signal?.aborted) throw error
          }
        }
        done ??= waitFor()
        await pause(attempts, init?.signal)
        init?.signal?.throwIfAborted()
      }
    } finally {
      done?.()
    }
  }
}
