import { createHash, randomBytes } from 'node:crypto'
import { PlatformError } from '#contract/errors.ts'
import { consolePath } from '#contract/console-paths.ts'
import { handoverPath } from '#contract/gateway-api.ts'
import { localPath } from '#contract/local-path.ts'
import type { CallRequest, CallResponse } from '../call.ts'
import type { RouteTable } from '../routes/route-table.ts'
import type { HostCookies } from './host-cookie.ts'

const validMs = 30_000
const maxCodes = 10_000

/**
 * Hands a session of the console over to a service's host, by a code that works once, and only in the browser that asked for
 * it: that browser keeps a nonce for the host, and the code is bound to the nonce's hash (`state`). Otherwise a link with
 * somebody's fresh code would sign whoever opens it in as them.
 */
export class Handovers {
  private readonly codes = new Map<string, { sessionId: string; host: string; state: string; expiresAt: number }>()
  private readonly cookies: HostCookies
  private readonly table: RouteTable
  private readonly console: string

  constructor(cookies: HostCookies, table: RouteTable, console: string) {
    this.cookies = cookies
    this.table = table
    this.console = console
  }

  create({ sessionId, host, state }: { sessionId: string; host: string; state: string }): string {
    if (this.table.get('sessions', sessionId) === undefined)
      throw new PlatformError('not_found', 'this session has ended')
    const now = Date.now()
    // In the order in which they were made, so the first that lives ends the search.
    for (const [code, { expiresAt }] of this.codes) {
      if (expiresAt > now && this.codes.size < maxCodes) break
      this.codes.delete(code)
    }
    const code = randomBytes(24).toString('base64url')
    this.codes.set(code, { sessionId, host: host.toLowerCase(), state, expiresAt: now + validMs })
    return code
  }

  /** Sends a browser that is not signed in to `host` to the console, which sends it back with a code. Tabs share one nonce. */
  begin(request: CallRequest, response: CallResponse, host: string, to: string): void {
    const kept = this.cookies.nonceOf(request)
    const nonce = kept !== undefined && nonceShape.test(kept) ? kept : randomBytes(24).toString('base64url')
    response.writeHead(302, {
      location: `${this.console}${consolePath.handover({ host, to, state: stateOf(nonce) })}`,
      'set-cookie': this.cookies.issueNonce(nonce),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-length': 0,
    })
    response.end()
  }

  /** Answers `GET /_m3o/handover?code=…&to=…` on a service's host; without a code the sign-in begins there. */
  accept(request: CallRequest, response: CallResponse, host: string, path: string): void {
    if (request.method !== 'GET') throw new PlatformError('method_not_allowed', 'open this address in a browser')
    const query = new URL(path, 'http://host').searchParams
    const code = query.get('code')
    if (code === null) return this.begin(request, response, host, localPath(query.get('to')))
    const handed = this.codes.get(code)
    this.codes.delete(code)
    const session = handed === undefined ? undefined : this.table.get('sessions', handed.sessionId)
    const now = Date.now()
    if (
      handed === undefined ||
      handed.host !== host ||
      handed.expiresAt <= now ||
      session === undefined ||
      session.expiresAt <= now
    ) {
      throw new PlatformError('unauthenticated', 'this sign-in link was already used or has expired', {
        fix: 'Open the service again from the console.',
      })
    }
    const nonce = this.cookies.nonceOf(request)
    if (nonce === undefined || stateOf(nonce) !== handed.state) {
      throw new PlatformError('unauthenticated', 'this sign-in was started in another browser', {
        fix: "Open the service's address again. The browser must accept its cookies.",
      })
    }
    response.writeHead(303, {
      location: localPath(query.get('to')),
      'set-cookie': this.cookies.issue(handed.sessionId, host, session.expiresAt),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-length': 0,
    })
    response.end()
  }
}

const nonceShape = /^[\w-]{32}$/
const stateOf = (nonce: string): string => createHash('sha256').update(nonce).digest('base64url')

export function isHandover(path: string): boolean {
  return path === handoverPath || path.startsWith(`${handoverPath}?`)
}
