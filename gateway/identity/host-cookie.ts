import { createHmac, timingSafeEqual } from 'node:crypto'
import type { CallRequest } from '../call.ts'
import type { RouteTable } from '../routes/route-table.ts'
import type { Person } from './identity.ts'

/** Names of the console's cookies, which a service must neither see nor set. */
const consoleCookie = /^(?:__Secure-|__Host-)?(?:next-auth|authjs|m3o-console)/i

/** Long enough to sign in at the console, with a message and a second factor. */
const nonceSeconds = 3600

/** The cookie by which a browser is signed in to one service's host, signed and bound to that host. */
export class HostCookies {
  readonly name: string
  private readonly handoverName: string
  private readonly key: Buffer
  private readonly secure: boolean

  constructor(key: Buffer, scheme: 'http' | 'https') {
    this.key = key
    this.secure = scheme === 'https'
    // Installations may share a hostname: cookies ignore ports.
    const installation = createHmac('sha256', key).update('m3o-cookie-name').digest('hex').slice(0, 8)
    this.name = `${this.secure ? '__Host-' : ''}m3o-host-${installation}`
    this.handoverName = `${this.secure ? '__Host-' : ''}m3o-handover-${installation}`
  }

  /** The `Set-Cookie` that signs a session in to `host`. */
  issue(sessionId: string, host: string, expiresAt: number): string {
    const said = Buffer.from(JSON.stringify([sessionId, host, expiresAt])).toString('base64url')
    const age = Math.max(0, Math.floor((expiresAt - Date.now()) / 1000))
    return `${this.name}=${said}.${this.mac(said)}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${age}${this.secure ? '; Secure' : ''}`
  }

  /** The `Set-Cookie` that a browser keeps while it signs in at the console, so that the code works in this browser only. */
  issueNonce(nonce: string): string {
    return `${this.handoverName}=${nonce}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${nonceSeconds}${this.secure ? '; Secure' : ''}`
  }

  /** The nonce of {@link issueNonce} that the request brings back; undefined when it brings none, or several. */
  nonceOf({ headers: { cookie = '' } }: CallRequest): string | undefined {
    const values = cookie
      .split(';')
      .map((pair) => pair.trim().split('='))
      .filter(([name]) => name === this.handoverName)
      .map(([, value]) => value)
    return values.length === 1 ? values[0] : undefined
  }

  /** The person whom the request's cookie signs in, if the request may use it at all. */
  identify(request: CallRequest, host: string, table: RouteTable): Person | undefined {
    const cookie = request.headers.cookie
    if (
      cookie === undefined ||
      !cookie.includes(this.name) ||
      !comesFromHost(request, host, this.secure ? 'https:' : 'http:')
    )
      return undefined
    for (const pair of cookie.split(';')) {
      const equals = pair.indexOf('=')
      if (pair.slice(0, equals).trim() !== this.name) continue
      const sessionId = this.verify(pair.slice(equals + 1).trim(), host)
      const session = sessionId === undefined ? undefined : table.get('sessions', sessionId)
      if (session === undefined || session.expiresAt <= Date.now()) continue
      return {
        kind: 'person',
        personId: session.personId,
        email: session.email,
        machine: undefined,
        teamIds: session.teamIds,
        token: undefined,
        consents: session.consents ?? [],
      }
    }
    return undefined
  }

  /** A `Cookie` header without the platform's own; undefined when nothing is left. */
  strip(cookie: string): string | undefined {
    if (!/m3o-|auth/i.test(cookie)) return cookie
    const kept = cookie
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair !== '' && !this.isOurs(pair))
    return kept.length === 0 ? undefined : kept.join('; ')
  }

  /** A service's `Set-Cookie` kept to its own host; undefined when it may not set it. */
  confine(setCookie: string): string | undefined {
    const [pair, ...attributes] = setCookie.split(';')
    // No browser keeps a cookie with control characters (RFC 6265bis §5.6), but some programs do.
    if (pair === undefined || /[\x00-\x08\x0a-\x1f\x7f]/.test(setCookie) || this.isOurs(pair)) return undefined
    return [pair, ...attributes.filter((attribute) => !/^\s*domain\s*(=|$)/i.test(attribute))].join(';')
  }

  /** Browsers send a cookie without a name (`=value`) as its value alone, which then reads as `name=value` itself. */
  private isOurs(pair: string): boolean {
    const named = (pair.replace(/^[\s=]+/, '').split('=', 1)[0] as string).trim()
    return named === this.name || named === this.handoverName || consoleCookie.test(named)
  }

  private verify(value: string, host: string): string | undefined {
    const [said, mac] = value.split('.')
    if (said === undefined || mac === undefined) return undefined
    const expected = Buffer.from(this.mac(said))
    const given = Buffer.from(mac)
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined
    const [sessionId, saidHost, expiresAt] = JSON.parse(Buffer.from(said, 'base64url').toString()) as [
      string,
      string,
      number,
    ]
    return saidHost === host && expiresAt > Date.now() ? sessionId : undefined
  }

  private mac(said: string): string {
    return createHmac('sha256', this.key).update(`m3o-cookie ${said}`).digest('base64url')
  }
}

/**
 * Whether a page of this very host, or a person's own navigation, made the request: a cookie alone would let any page
 * of a neighbour host act for its visitor (https://www.w3.org/TR/fetch-metadata/). Where a browser sends no metadata
 * (plain HTTP that is not localhost; some websockets), Origin or Referer must say the same.
 */
function comesFromHost(request: CallRequest, host: string, scheme: 'http:' | 'https:'): boolean {
  const { headers } = request
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const site = headers['sec-fetch-site']
  if (site === 'same-origin') return true
  if (site !== undefined) {
    return reads && headers['sec-fetch-mode'] === 'navigate' && (headers['sec-fetch-dest'] ?? 'document') === 'document'
  }
  if (headers.origin !== undefined) return isPageOf(headers.origin, host, scheme)
  if (!reads || headers.upgrade !== undefined) return false
  if (headers.referer !== undefined && isPageOf(headers.referer, host, scheme)) return true
  return headers.accept?.includes('text/html') === true
}

function isPageOf(url: string, host: string, scheme: string): boolean {
  if (!URL.canParse(url)) return false
  const page = new URL(url)
  return page.host === host && page.protocol === scheme
}
