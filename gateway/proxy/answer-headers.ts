import type { Passage } from '../admission.ts'
import type { HostCookies } from '../identity/host-cookie.ts'
import type { Environment, Release } from '../routes/entities.ts'
import type { ResponseHead } from '../upstream/response-head.ts'
import { type HeadText, headText, inOnePiece } from '../wire/head-text.ts'
import { addDeprecation } from './deprecation.ts'

/** What was made of an answer's head, to be said again. */
export interface SaidAnswer extends Served {
  /** As the service said it. */
  text: string
  said: HeadText
}

/** What serves a call. */
interface Served { readonly release: Release | undefined; readonly environment: Environment | undefined }

/** What a service may not say for the gateway, or beyond its own host: `Clear-Site-Data` reaches the whole registrable domain. */
const own = new Set(['m3o-served-by', 'traceparent', 'clear-site-data'])

/** The headers of a service's answer as the caller gets them; may be the same array. */
export function answerHeaders(head: ResponseHead, passage: Passage, cookies: HostCookies): readonly string[] {
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
export function fieldsOfAnswer(head: ResponseHead, passage: Passage, cookies: HostCookies, by: string): string[] {
  const fields = [...answerHeaders(head, passage, cookies), 'M3O-Served-By', by]
  if (passage.service.deprecation !== undefined) addDeprecation(fields, passage.service.deprecation)
  return fields
}

/** The same as it is written; put together anew only when the service says something else than the last time. */
export function saidAnswer(head: ResponseHead, passage: Passage, cookies: HostCookies, { release, environment }: Served): HeadText {
  const { answer } = passage
  if (answer?.text === head.text && answer.release === release && answer.environment === environment) return answer.said
  const said = headText(head.status, head.reason, fieldsOfAnswer(head, passage, cookies, servedBy(passage, { release, environment })))
  said.lines = inOnePiece(said.lines)
  passage.answer = { text: head.text, release, environment, said }
  return said
}

/** Value of `M3O-Served-By`. */
export function servedBy({ service }: Passage, { release, environment }: Served): string {
  return `${service.name}@${release?.revision} ${environment?.name}`
}
