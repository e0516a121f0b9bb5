import type { Passage } from '../admission.ts'
import type { HostCookies } from '../identity/host-cookie.ts'
import type { Environment, Release } from '../routes/entities.ts'
import type { ResponseHead } from '../upstream/response-head.ts'
import { type HeadText, headText, inOnePiece } from '../wire/head-text.ts'
import { addDeprecation } from './deprecation.ts'

/** What serves a call. */
interface Served { readonly release: Release | undefined; readonly environment: Environment | undefined }

/** What a service may not say for the gateway, or beyond its own host: `Clear-Site-Data` reaches the whole registrable domain. */
const own = new Set(['m3o-served-by', 'traceparent', 'clear-site-data'])

/** The headers of a service's answer as the caller gets them; may be the same array. */
export function answerHeaders(head: ResponseHead, passage: Pick<Passage, 'byHost'>, cookies: HostCookies): readonly string[] {
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

/** All of an answer's head that is not of this one call. */
export function fieldsOfAnswer(head: ResponseHead, passage: Pick<Passage, 'service' | 'byHost'>, cookies: HostCookies, by: string): string[] {
  const fields = [...answerHeaders(head, passage, cookies), 'M3O-Served-By', by]
  if (passage.service.deprecation !== undefined) addDeprecation(fields, passage.service.deprecation)
  return fields
}

/** The same as it is written; put together once for a service that says the same again and again. */
export function saidAnswer(head: ResponseHead, { service, byHost }: Passage, cookies: HostCookies, { release, environment }: Served): HeadText {
  const { said } = head
  if (said !== undefined && said.service === service && said.byHost === byHost && said.release === release && said.environment === environment) return said.text
  const text = headText(head.status, head.reason, fieldsOfAnswer(head, { service, byHost }, cookies, servedBy({ service }, { release, environment })))
  if (head.repeated) {
    text.lines = inOnePiece(text.lines)
    head.said = { service, byHost, release, environment, text }
  }
  return text
}

/** Value of `M3O-Served-By`. */
export function servedBy({ service }: Pick<Passage, 'service'>, { release, environment }: Served): string {
  return `${service.name}@${release?.revision} ${environment?.name}`
}
