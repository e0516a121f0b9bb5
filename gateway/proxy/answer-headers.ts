import { foldedName } from '#contract/headers.ts'
import type { Passage } from '../admission.ts'
import { FieldNames } from '../field-names.ts'
import type { HostCookies } from '../identity/host-cookie.ts'
import type { Environment, Release } from '../routes/entities.ts'
import type { ResponseHead } from '../upstream/response-head.ts'
import { type HeadText, headText, inOnePiece } from '../wire/head-text.ts'
import { addDeprecation } from './deprecation.ts'

/** What serves a call. */
interface Served {
  readonly release: Release | undefined
  readonly environment: Environment | undefined
}

/** What a service may not say for the gateway, to a proxy in front of it, or beyond its own host: `Clear-Site-Data` reaches the whole registrable domain. */
const never = new Set(['alt-svc', 'clear-site-data', 'm3o-served-by', 'traceparent', 'x-accel-redirect', 'x-sendfile'])
/** Nor for all services at once: under /v1 these, and at the same address the console, share one origin. */
const notShared = new Set([
  'nel',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-cookie',
  'strict-transport-security',
])

const meanings = new FieldNames((lower): 'never' | 'cookie' | 'not shared' | 'kept' =>
  never.has(foldedName(lower))
    ? 'never'
    : lower === 'set-cookie'
      ? 'cookie'
      : notShared.has(lower)
        ? 'not shared'
        : 'kept',
)

/** The headers of a service's answer as the caller gets them; may be the same array. */
export function answerHeaders(
  head: ResponseHead,
  { byHost }: Pick<Passage, 'byHost'>,
  cookies: HostCookies,
): readonly string[] {
  const { headers } = head
  let replaced = head.setsCookie || !byHost
  for (let i = 0; !replaced && i < headers.length; i += 2) replaced = meanings.of(headers[i] as string) === 'never'
  if (!replaced) return headers
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const meaning = meanings.of(name)
    if (meaning === 'never' || (meaning !== 'kept' && !byHost)) continue
    const value = meaning === 'cookie' ? cookies.confine(headers[i + 1] as string) : headers[i + 1]
    if (value !== undefined) kept.push(name, value)
  }
  // A page has no origin of its own there.
  if (!byHost) kept.push('Content-Security-Policy', 'sandbox')
  return kept
}

/** All of an answer's head that is not of this one call. */
export function fieldsOfAnswer(
  head: ResponseHead,
  passage: Pick<Passage, 'service' | 'byHost'>,
  cookies: HostCookies,
  by: string,
): string[] {
  const fields = [...answerHeaders(head, passage, cookies), 'M3O-Served-By', by]
  if (passage.service.deprecation !== undefined) addDeprecation(fields, passage.service.deprecation)
  return fields
}

/** The same as it is written; put together once for a service that says the same again and again. */
export function saidAnswer(
  head: ResponseHead,
  { service, byHost }: Passage,
  cookies: HostCookies,
  { release, environment }: Served,
): HeadText {
  const { said } = head
  if (
    said !== undefined &&
    said.service === service &&
    said.byHost === byHost &&
    said.release === release &&
    said.environment === environment
  )
    return said.text
  const text = headText(
    head.status,
    head.reason,
    fieldsOfAnswer(head, { service, byHost }, cookies, servedBy({ service }, { release, environment })),
  )
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
