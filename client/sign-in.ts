import { consolePath } from '#contract/console-paths.ts'
import { errorFromBody, type PlatformError } from '#contract/errors.ts'

/** By a password, the link of a message, a passkey, or what was missing of a sign-in that waits for its second factor. */
export type WayIn = 'credentials' | 'link' | 'passkey' | 'second'

/**
 * Signs in with next-auth's own requests (its React part would be weight without use here). Undefined when signed in:
 * then load the next page whole (`location.assign`), so that everything is asked for anew.
 */
export async function signIn(way: WayIn, given: Record<string, string>): Promise<PlatformError | undefined> {
  const answer = await post(`/api/auth/callback/${way}`, { ...given, callbackUrl: '/' }).catch(() => undefined)
  if (answer === undefined) return away()
  const { url } = (await answer.json()) as { url?: string }
  const to = url === undefined ? undefined : new URL(url, location.href)
  if (answer.ok && to?.pathname === consolePath.secondFactor()) return refusalOf('second_factor')
  const reason = to === undefined ? 'internal' : to.searchParams.get('error')
  if (answer.ok && reason === null) return undefined
  return refusalOf(
    way === 'second' && reason === 'unauthenticated'
      ? 'second_unauthenticated'
      : way !== 'credentials' && reason === 'unauthenticated'
        ? 'other_unauthenticated'
        : (reason ?? ''),
  )
}

/** Leaves for a provider, which sends the browser back to `to`. */
export async function goToProvider(provider: string, to: string): Promise<void> {
  const answer = await post(`/api/auth/signin/${provider}`, { callbackUrl: to }).catch(() => undefined)
  if (answer === undefined) throw away()
  const { url } = (await answer.json()) as { url?: string }
  if (url === undefined || !/^https?:$/.test(new URL(url, location.href).protocol)) throw refusalOf('OAuthSignin')
  location.assign(url)
}

/** Ends the session, on the server as well; then load the sign-in page whole. */
export async function signOut(): Promise<void> {
  await post('/api/auth/signout', { callbackUrl: '/' })
}

/** What a code in the sign-in page's address says; anybody can write one there, and it says no more than this. */
export function refusalOf(reason: string): PlatformError {
  return errorFromBody({
    code: codes[reason] ?? 'forbidden',
    ...(messages[reason] ?? { message: 'sign-in failed', fix: 'Reload the page, then try again.' }),
    data: { reason },
  })
}

async function post(path: string, fields: Record<string, string>): Promise<Response> {
  const { csrfToken } = (await (await fetch('/api/auth/csrf')).json()) as { csrfToken: string }
  return fetch(path, { method: 'POST', body: new URLSearchParams({ ...fields, csrfToken, json: 'true' }) })
}

const away = () =>
  errorFromBody({ code: 'unavailable', message: 'the console cannot be reached', fix: 'Try again in a moment.' })

const codes: Readonly<Record<string, string>> = {
  unauthenticated: 'unauthenticated',
  second_unauthenticated: 'unauthenticated',
  other_unauthenticated: 'unauthenticated',
  bad_request: 'bad_request',
  rate_limited: 'rate_limited',
  not_found: 'not_found',
}

const messages: Readonly<Record<string, { message: string; fix: string }>> = {
  unauthenticated: { message: 'the email or the password is wrong', fix: 'Check both and try again.' },
  second_unauthenticated: {
    message: 'this code is wrong or was already used',
    fix: 'Try the next code, or start again.',
  },
  other_unauthenticated: { message: 'sign-in failed', fix: 'Try again, or sign in another way.' },
  bad_request: { message: 'email and password are required', fix: 'Enter both.' },
  rate_limited: { message: 'too many attempts', fix: 'Wait a minute, then try again.' },
  not_found: { message: 'this link was already used or has expired', fix: 'Request a new one.' },
  no_sign_up: {
    message: 'no account has your address, and sign-up is by invitation',
    fix: 'Ask a team admin to invite you.',
  },
  address_not_verified: {
    message: 'the provider has not verified your address',
    fix: 'Verify your address there, then try again.',
  },
  linked_elsewhere: {
    message: 'that account is linked to another person',
    fix: 'Sign in with it, or unlink it there first.',
  },
  OAuthSignin: { message: 'the provider cannot be reached', fix: 'Try again in a moment, or sign in another way.' },
  OAuthCallback: { message: 'the provider rejected the sign-in', fix: 'Try again, or sign in another way.' },
}
