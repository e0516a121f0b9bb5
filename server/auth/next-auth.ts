import type { IncomingMessage } from 'node:http'
import * as nextAuth from 'next-auth'
import type { AuthOptions } from 'next-auth'
import { parseBounded } from '#contract/bounded-json.ts'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { consolePath } from '#contract/console-paths.ts'
import { sessionDays } from '../people/sessions.ts'
import { sendError } from '../http/answer.ts'
import { readBody } from '../http/body.ts'
import type { Exchange } from '../http/exchange.ts'
import { shareOfCookie } from '../http/turns.ts'
import { inputBounds } from '../input-sizes.ts'
import type { Web } from '../web.ts'
import { actingAs } from '../people/changes.ts'
import { cookiesOf, type SignInExchange } from './cookies.ts'
import { credentialProviders, type SignedIn } from './credentials.ts'
import { acceptProvider, oauthProviders } from './providers.ts'

type Handler = (request: object, response: object, options: AuthOptions) => Promise<unknown>
// In plain Node the CommonJS package's default export arrives one level deeper than its types say.
const given = nextAuth.default as unknown as { default?: Handler }
const handle: Handler = given.default ?? (given as unknown as Handler)

/** A passkey's answer, 16 KiB of JSON at most, is spelled out in a form. */
const bounds = { ...inputBounds.public, bytes: 48 << 10 }
/** For how long one may be at the provider's. */
const providerSeconds = 900

/** Serves /api/auth: next-auth as it is, in plain Node (it wants the shape of Next's API handlers). */
export async function serveSignIn({ web, request, response, url, from, credential, turns }: Exchange): Promise<void> {
  if (credential.by === 'token')
    throw new PlatformError('bad_request', 'sign-in does not accept an Authorization header', { fix: 'Omit it.' })
  const shaped = Object.assign(Object.create(request) as object, {
    method: request.method,
    headers: request.headers,
    query: { ...Object.fromEntries(url.searchParams), nextauth: url.pathname.split('/').slice(3) },
    cookies: cookiesOf(request.headers.cookie),
    body: request.method === 'POST' ? await formOf(request) : undefined,
  })
  // Hashing a password is heavy: everybody's turn comes.
  if (request.method === 'POST' && !(await turns.procedures.take(await shareOfCookie(web, credential, from), response)))
    return
  const reply = {
    status(code: number) {
      response.statusCode = code
      return reply
    },
    setHeader(name: string, value: string | string[]) {
      response.setHeader(name, value)
      return reply
    },
    getHeader: (name: string) => response.getHeader(name),
    json(body: unknown) {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(body))
    },
    send(body: unknown) {
      return typeof body === 'string' || body === undefined ? void response.end(body) : reply.json(body)
    },
    end: (body?: string) => void response.end(body),
  }
  response.setHeader('cache-control', 'no-store')
  // next-auth reads its own address from here at the start of each request, and from the client's Host otherwise.
  process.env.NEXTAUTH_URL = web.settings.url
  try {
    await handle(shaped, reply, optionsFor(web, { request, response, from }))
  } catch (error) {
    if (isPlatformError(error)) return sendError(request, response, error.toJSON())
    throw error
  }
}

function optionsFor(web: Web, exchange: SignInExchange): AuthOptions {
  const { settings, sessions } = web
  const { request, from } = exchange
  const options = { httpOnly: true, sameSite: 'lax' as const, path: '/', secure: settings.secure }
  return {
    secret: settings.secret,
    session: { strategy: 'jwt', maxAge: sessionDays * 86_400 },
    pages: { signIn: consolePath.signIn(), error: consolePath.signIn(), signOut: consolePath.home() },
    cookies: {
      sessionToken: { name: settings.cookies.session, options },
      csrfToken: { name: settings.cookies.csrf, options },
      callbackUrl: { name: settings.cookies.callback, options },
      pkceCodeVerifier: { name: settings.cookies.pkce, options: { ...options, maxAge: providerSeconds } },
      state: { name: settings.cookies.state, options: { ...options, maxAge: providerSeconds } },
      nonce: { name: settings.cookies.nonce, options: { ...options, maxAge: providerSeconds } },
    },
    providers: [...credentialProviders(web, exchange), ...oauthProviders(web)] as never,
    callbacks: {
      signIn: acceptProvider(web, exchange),
      /** The cookie holds no more than which session it is. */
      async jwt({ token, user, trigger }) {
        if (trigger !== 'signIn' && trigger !== 'signUp') return token
        const method = (user as Partial<SignedIn>).method ?? 'password'
        const sid = await sessions.begin(user.id, {
          userAgent: request.headers['user-agent'] ?? '',
          address: from,
          method,
        })
        web.noteChanged(user.id)
        return { sub: user.id, sid }
      },
      async session({ session, token }) {
        const open = typeof token.sid === 'string' ? await sessions.open(token.sid) : undefined
        if (open === undefined) return { expires: new Date(0).toISOString() }
        return { expires: session.expires, user: { name: open.person.name, email: open.person.email } }
      },
      redirect: ({ url, baseUrl }) =>
        URL.canParse(url, baseUrl) && new URL(url, baseUrl).origin === new URL(baseUrl).origin
          ? new URL(url, baseUrl).href
          : baseUrl,
    },
    events: {
      async signOut({ token }) {
        const open = typeof token?.sid === 'string' ? await sessions.open(token.sid) : undefined
        if (open === undefined) return
        await sessions.end(open.person, open.id, { ...actingAs(open.person, from), sessionId: open.id })
        web.noteChanged(open.person.id)
      },
    },
    logger: {
      error: (code, metadata) => web.log.warn({ code, reason: reasonOf(metadata) }, 'sign-in'),
      warn: () => {},
      debug: () => {},
    },
  }
}

async function formOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await readBody(request, bounds)
  return request.headers['content-type']?.includes('json')
    ? (Object(parseBounded(body.length === 0 ? '{}' : body, bounds)) as Record<string, unknown>)
    : Object.fromEntries(new URLSearchParams(body.toString()))
}

/** What went wrong, without what was sent with it. */
function reasonOf(metadata: Error | { [key: string]: unknown; error: Error }): string {
  const error = metadata instanceof Error ? metadata : metadata.error
  return error instanceof Error ? error.message.slice(0, 200) : ''
}
