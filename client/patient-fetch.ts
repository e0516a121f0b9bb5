/** How long a start of web may take before the browser may say that nobody is there. */
const patienceMs = 30_000
const againMs = 250

type Fetch = typeof fetch

/**
 * What the router asks of web waits while that is started again, as the live connection does: otherwise a link that is followed in
 * that second leads to the browser's own page of errors, out of the console. Everything else fails at once, as it did.
 */
export function patientFetch(fetch: Fetch): Fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers)
    // What is only asked for in case somebody goes there can be asked for again when somebody does.
    if (!headers.has('rsc') || headers.has('next-router-prefetch')) return fetch(input, init)
    const until = performance.now() + patienceMs
    for (;;) {
      try {
        const response = await fetch(input, init)
        // A proxy before it says so in its place.
        if (response.status < 502 || response.status > 504 || performance.now() > until) return response
      } catch (error) {
        if (init?.signal?.aborted || performance.now() > until) throw error
      }
      await new Promise((resolve) => setTimeout(resolve, againMs))
    }
  }
}
