import type { IncomingHttpHeaders } from 'node:http'
import { PlatformError } from '#contract/errors.ts'
import type { Settings } from '../settings.ts'

/** The one thing that says who sent a request; everything that depends on it, such as the origin check, reads it from here. */
export type Credential = { by: 'token'; token: string } | { by: 'session'; cookie: string } | { by: 'nobody' }

type Given = Pick<IncomingHttpHeaders, 'cookie' | 'authorization'>

/**
 * One request has one identity: which of two counted would be for each door to decide, and two doors would decide differently.
 * @param basic also takes the token as the password of `Basic`, as git sends it
 * @throws PlatformError `bad_request` for two identities, `unauthenticated` for an Authorization header without a token
 */
export function credentialOf(
  { cookie, authorization }: Given,
  settings: Pick<Settings, 'cookies'>,
  { basic = false }: { basic?: boolean } = {},
): Credential {
  const hasSession = cookie !== undefined && namesSession(cookie, settings.cookies.session)
  if (authorization === undefined) return hasSession ? { by: 'session', cookie } : { by: 'nobody' }
  if (hasSession)
    throw new PlatformError('bad_request', 'the request has a session cookie and an Authorization header', {
      fix: 'Send only one of them.',
    })
  const token = tokenOf(authorization, basic)
  if (token === undefined) {
    throw new PlatformError('unauthenticated', 'the Authorization header contains no token', {
      fix: 'Send Authorization: Bearer TOKEN, or no Authorization header.',
    })
  }
  return { by: 'token', token }
}

function tokenOf(authorization: string, basic: boolean): string | undefined {
  const [, scheme = '', value = ''] = /^(basic|bearer) +(\S+)$/i.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme === '' || !basic) return undefined
  const [user = '', ...password] = Buffer.from(value, 'base64').toString().split(':')
  return password.join(':') || user
}

/** next-auth splits a long cookie into `name.0`, `name.1`, … */
const namesSession = (cookie: string, name: string): boolean =>
  cookie.split(';').some((pair) => {
    const key = pair.slice(0, Math.max(0, pair.indexOf('='))).trim()
    return key === name || key.startsWith(`${name}.`)
  })
