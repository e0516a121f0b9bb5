import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { decode } from 'next-auth/jwt'
import { tokenPrefix } from '#contract/headers.ts'
import { PlatformError } from '#contract/errors.ts'
import { networkOf } from './sign-in-limit.ts'
import { type Credential, credentialOf } from '../http/credential.ts'
import type { Viewer, Web } from '../web.ts'
import { actorOf } from './changes.ts'

/**
 * Who asks, by a browser's cookie or by a token; undefined when by neither. The session's row is looked up each time, so
 * that a session ends when it is ended. The one way in for pages, procedures, sockets and handlers alike.
 * @throws PlatformError `unauthenticated` for a token that is not (any more) valid, `bad_request` for two identities, `rate_limited`
 */
export async function viewer(
  web: Web,
  headers: Pick<IncomingHttpHeaders, 'cookie' | 'authorization'>,
  from: string,
): Promise<Viewer | undefined> {
  return byCredential(web, credentialOf(headers, web.settings), from)
}

/** The same of a request whose credential is known. */
export async function byCredential(web: Web, credential: Credential, from: string): Promise<Viewer | undefined> {
  if (credential.by === 'token') return byToken(web, credential.token, from)
  return credential.by === 'session' ? bySession(web, credential.cookie) : undefined
}

export async function byToken(web: Web, token: string, from: string): Promise<Viewer> {
  const refuse = () =>
    new PlatformError('unauthenticated', 'this token is invalid or has expired', {
      fix: 'Sign in again (`m3o login`), or create another token.',
    })
  const found =
    token.startsWith(tokenPrefix) && token.length < 200
      ? await web.runtime.call('access.token', { hash: createHash('sha256').update(token).digest('hex') })
      : null
  if (found === null) {
    web.limits.token.use(networkOf(from))
    throw refuse()
  }
  const { person, operator, ...standing } = found
  return {
    person,
    operator,
    session: undefined,
    token: standing,
    actor: { ...actorOf(person), kind: 'token', tokenId: standing.tokenId },
  }
}

async function bySession(web: Web, cookie: string | undefined): Promise<Viewer | undefined> {
  const id = await sessionIdOf(web, cookie)
  const session = id === undefined ? undefined : await web.sessions.open(id)
  if (session === undefined) return undefined
  const { person, operator, expiresAt } = session
  return {
    person,
    operator,
    token: undefined,
    session: { id: session.id, expiresAt },
    actor: { ...actorOf(person), sessionId: session.id },
  }
}

/** The session that the cookie names, open or not. */
export async function sessionIdOf(web: Pick<Web, 'settings'>, cookie: string | undefined): Promise<string | undefined> {
  const claims = await claimsOf(web, cookie)
  return typeof claims?.sid === 'string' ? claims.sid : undefined
}

/** Whose session the cookie names, as we signed it, open or not: enough to tell one person's requests from another's. */
export async function personIdOf(web: Pick<Web, 'settings'>, cookie: string | undefined): Promise<string | undefined> {
  return (await claimsOf(web, cookie))?.sub
}

async function claimsOf(web: Pick<Web, 'settings'>, cookie: string | undefined) {
  const jwt = chunked(cookie, web.settings.cookies.session)
  return jwt === '' ? null : decode({ token: jwt, secret: web.settings.secret }).catch(() => null)
}

/** next-auth splits a long cookie into `name.0`, `name.1`, … */
function chunked(header: string | undefined, name: string): string {
  const found = new Map<string, string>()
  for (const part of (header ?? '').split(';')) {
    const equals = part.indexOf('=')
    const key = part.slice(0, equals).trim()
    if (equals > 0 && (key === name || key.startsWith(`${name}.`))) found.set(key, part.slice(equals + 1).trim())
  }
  const whole = found.get(name)
  if (whole !== undefined) return whole
  const pieces: string[] = []
  for (let n = 0, piece = found.get(`${name}.0`); piece !== undefined; piece = found.get(`${name}.${++n}`))
    pieces.push(piece)
  return pieces.join('')
}
