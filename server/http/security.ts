import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Settings } from '../settings.ts'

/** On every answer, whatever it is; those of the build's files keep what they have a use for. */
export function setSecurityHeaders(response: ServerResponse, settings: Pick<Settings, 'secure'>): void {
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('x-frame-options', 'DENY')
  response.setHeader('referrer-policy', 'same-origin')
  response.setHeader('cross-origin-opener-policy', 'same-origin')
  response.setHeader('cross-origin-resource-policy', 'same-origin')
  response.setHeader('permissions-policy', 'camera=(), microphone=(), geolocation=(), payment=(), usb=()')
  if (settings.secure) response.setHeader('strict-transport-security', 'max-age=31536000')
}

/** Tells a page its own path and query, which Next does not. */
const pathHeader = 'x-m3o-path'

/** On pages. Next takes the nonce for its scripts from the request's header; `x-nonce` is for the first inline script. */
export function setPagePolicy(request: IncomingMessage, response: ServerResponse, dev: boolean): void {
  const nonce = randomBytes(16).toString('base64')
  const policy = pagePolicy(nonce, dev)
  request.headers['content-security-policy'] = policy
  request.headers['x-nonce'] = nonce
  request.headers[pathHeader] = request.url ?? '/'
  response.setHeader('content-security-policy', policy)
}

const pagePolicy = (nonce: string, dev: boolean): string =>
  [
    "default-src 'self'",
    // React's development build evaluates strings for its stack traces.
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${dev ? " 'unsafe-eval'" : ''}`,
    `style-src-elem 'self' 'nonce-${nonce}'`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')

/** Where the build's scripts, styles and fonts are. */
export const builtFiles = '/_next/static/'
const ofPages = ['x-frame-options', 'referrer-policy', 'cross-origin-opener-policy', 'permissions-policy']

/** On those. None is a page, so that what only pages heed would be half a kilobyte with each; a worker may have no more than the page. */
export function setBuiltPolicy(response: ServerResponse): void {
  for (const name of ofPages) response.removeHeader(name)
  response.setHeader('content-security-policy', "default-src 'self'")
}

/** On what people's own files and services' words are answered with, should a browser ever show it as a page. */
export const inertPolicy = "default-src 'none'; sandbox"
