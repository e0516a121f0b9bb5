import type { Passage } from '../admission.ts'
import type { HostCookies } from '../identity/host-cookie.ts'
import type { ResponseHead } from '../upstream/response-head.ts'

/** What a service may not say for the gateway, or beyond its own host: `Clear-Site-Data` reaches the whole registrable domain. */
const own = new Set(['m3o-served-by', 'traceparent', 'clear-site-data'])

/** The headers of a service's answer as the caller gets them; may be the same array. */
export function answerHeaders(head: ResponseHead, passage: Passage, cookies: HostCookies): string[] {
  const { headers } = head
  let replaced = head.setsCookie || !passage.byHost
  for (let i = 0; !replaced && i < headers.length; i += 2) {
    const { length } = headers[i] as string
    replaced = (length === 13 || length === 11 || length === 15) && own.has((headers[i] as string).toLowerCase())
  }
  if (!replaced) return headers
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const lower = name.toLowerCase()
    let value: string | undefined = headers[i + 1] as string
    if (own.has(lower)) continue
    // Under /v1 all services, and at the same address the console, share one host.
    if (lower === 'set-cookie') value = passage.byHost ? cookies.confine(value) : undefined
    if (value !== undefined) kept.push(name, value)
  }
  // For the same reason a page there has no origin of its own.
  if (!passage.byHost) kept.push('Content-Security-Policy', 'sandbox')
  return kept
}
