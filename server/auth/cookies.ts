import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Settings } from '../settings.ts'

/** One request to sign in, and the answer that cookies go with. */
export interface SignInExchange {
  request: IncomingMessage
  response: ServerResponse
  from: string
}

export function cookieOf(header: string | undefined, name: string): string | undefined {
  return cookiesOf(header)[name]
}

/** Of this console alone, and not for its scripts. */
export function giveCookie(
  { response }: Pick<SignInExchange, 'response'>,
  settings: Pick<Settings, 'secure'>,
  { name, value, seconds }: { name: string; value: string; seconds: number },
): void {
  response.appendHeader(
    'set-cookie',
    `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${settings.secure ? '; Secure' : ''}`,
  )
}

export function cookiesOf(header: string | undefined): Record<string, string> {
  return Object.fromEntries(
    (header ?? '').split(';').flatMap((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 1) return []
      const value = pair.slice(equals + 1).trim()
      try {
        return [[pair.slice(0, equals).trim(), decodeURIComponent(value)]]
      } catch {
        return [[pair.slice(0, equals).trim(), value]]
      }
    }),
  )
}
