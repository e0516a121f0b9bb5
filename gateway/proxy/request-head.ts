import { header, isReservedName } from '#contract/headers.ts'
import type { Passage } from '../admission.ts'
import type { CallRequest } from '../call.ts'
import { FieldNames } from '../field-names.ts'
import type { Trace } from '../context/trace.ts'
import type { HostCookies } from '../identity/host-cookie.ts'
import { inOnePiece } from '../wire/head-text.ts'
import { tokenIn } from '../identity/identity.ts'

type Treated = 'authorization' | 'cookie' | 'tracestate' | 'expect'
const treated = new Set<string>(['authorization', 'cookie', 'tracestate', 'expect'] satisfies Treated[])
/** What callers may say of their own message, in these words only. */
const passedOn = /^(?:content-length|content-type|sec-[a-z0-9-]+)$/

/** Drops fields of this hop alone (RFC 9110 §7.6.1), of the platform, written anew below, and whatever a service could take for one of these. */
const treatments = new FieldNames((lower): Treated | 'dropped' | 'kept' => {
  if (treated.has(lower)) return lower as Treated
  return isReservedName(lower) && !passedOn.test(lower) ? 'dropped' : 'kept'
})

export interface RequestHeadOptions {
  passage: Passage
  trace: Trace
  cookies: HostCookies
  scheme: string
  /** Protocol to switch to. */
  upgrade: string | undefined
  chunked: boolean
}

/** All of a head but the value of `traceparent`, which stands between. */
export interface WrittenHead {
  before: string
  after: string
}

/** The head of the request as the service gets it. Values are as Node read them, so they hold no line break. */
export function requestHead(request: CallRequest, options: RequestHeadOptions): string {
  const { passage, trace } = options
  const { before, after } = passage.written ?? write(request, options)
  return `${before}${trace.traceparent}${after}`
}

function write(
  request: CallRequest,
  { passage, trace, cookies, scheme, upgrade, chunked }: RequestHeadOptions,
): WrittenHead {
  const { rawHeaders, headers } = request
  const named = connectionOptions(headers.connection)
  const host = hostOf(request)
  let head = `${request.method} ${passage.path} HTTP/1.1\r\nHost: ${host}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const treatment = treatments.of(name)
    if (treatment === 'dropped' || named?.includes(name.toLowerCase())) continue
    let value: string | undefined = rawHeaders[i + 1] ?? ''
    if (treatment !== 'kept') {
      if (treatment === 'authorization') value = tokenIn(value) === undefined ? value : undefined
      else if (treatment === 'cookie') value = cookies.strip(value)
      // Nobody of HTTP/1.0 waits to be told to go on (RFC 9110 §10.1.1).
      else if (treatment === 'expect') value = request.httpVersion === '1.1' ? value : undefined
      else value = trace.continued ? value : undefined
      if (value === undefined) continue
    }
    head += `${name}: ${value}\r\n`
  }
  const from = request.socket.remoteAddress
  const before = headers['x-forwarded-for']
  if (from !== undefined) head += `X-Forwarded-For: ${before === undefined ? '' : `${String(before)}, `}${from}\r\n`
  head += `X-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Host: ${host}\r\n`
  head += `Via: ${headers.via === undefined ? '' : `${headers.via}, `}${request.httpVersion} m3o\r\n`
  let after = `\r\n${header.baggage}: ${passage.baggage}\r\nM3O-Hops: ${passage.hops}\r\n`
  if (passage.caller !== undefined) after += `M3O-Caller: ${passage.caller}\r\n`
  if (chunked) after += 'Transfer-Encoding: chunked\r\n'
  after += `${upgrade === undefined ? 'Connection: keep-alive' : `Connection: Upgrade\r\nUpgrade: ${upgrade}`}\r\n\r\n`
  const written = { before: `${head}${header.traceparent}: `, after }
  if (request.likeness !== undefined && passage.goodUntil > 0)
    passage.written = { before: inOnePiece(written.before), after: inOnePiece(after) }
  return written
}

/** An absolute-form address says the host, whatever the header says (RFC 9112 §3.2.2). */
function hostOf(request: CallRequest): string {
  const url = request.url as string
  if (url.charCodeAt(0) !== 47 && url !== '*') return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? ''
  return request.headers.host ?? ''
}

function connectionOptions(value: string | undefined): string[] | undefined {
  if (value === undefined || value === 'keep-alive' || value === 'close') return undefined
  // How the body is framed is no option of the hop's: without it the next message would begin inside this one.
  return value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim())
    .filter((option) => option !== 'content-length' && option !== 'host')
}
