import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Settings } from '../settings.ts'
import type { Credential } from './credential.ts'

/** Where a request came from; a proxy is believed only when the operator said that there is one. */
export function addressOf(request: IncomingMessage, settings: Pick<Settings, 'trustProxy'>): string {
  const forwarded = settings.trustProxy
    ? (String(request.headers['x-forwarded-for'] ?? '')
        .split(',')
        .at(-1)
        ?.trim() ?? '')
    : ''
  if (isIP(forwarded) !== 0) return forwarded
  return (request.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '')
}

/**
 * Whether a Host header names the console: the public address, or this machine by a name of its own or by number. A name
 * of somebody else's that leads here (DNS rebinding), or a service's host, never does.
 */
export function isConsoleHost(host: string | undefined, settings: Pick<Settings, 'url' | 'host' | 'port'>): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false
  const { hostname, port, host: normal } = new URL(`http://${host}`)
  const own = new URL(settings.url)
  if (host.toLowerCase() === own.host || normal === own.host) return true
  if (port !== (settings.port === 80 ? '' : String(settings.port))) return false
  const bare = hostname.replace(/^\[|\]$/g, '')
  return hostname === 'localhost' || bare === settings.host || isIP(bare) !== 0
}

/**
 * A request that a page of the console made itself. Browsers say so in `Sec-Fetch-Site`, older ones in `Origin`, whose scheme
 * counts as well: a page that somebody on the way made up for our name without TLS is another origin.
 */
export function isSameOrigin(request: IncomingMessage, settings: Pick<Settings, 'url'>): boolean {
  const { origin, host = '', 'sec-fetch-site': site } = request.headers
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  if (origin === undefined) return true
  if (!URL.canParse(origin) || !URL.canParse(`http://${host}`)) return false
  const own = new URL(settings.url)
  const isPublic = host.toLowerCase() === own.host || new URL(`${own.protocol}//${host}`).host === own.host
  return new URL(origin).origin === (isPublic ? own.origin : new URL(`http://${host}`).origin)
}

/**
 * A page of another origin must not change anything with its visitor's cookie, nor sign its visitor in. Only the identity that
 * is used counts: a browser adds no token by itself, everything else is of a page that must be ours.
 */
export function isForged(request: IncomingMessage, settings: Pick<Settings, 'url'>, credential: Credential): boolean {
  return !isRead(request) && credential.by !== 'token' && !isSameOrigin(request, settings)
}

export const isRead = ({ method }: Pick<IncomingMessage, 'method'>): boolean =>
  method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
