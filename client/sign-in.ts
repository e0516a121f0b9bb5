import { errorFromBody, type PlatformError } from '#contract/errors.ts'

/**
 * Signs in with next-auth's own requests (its React part would be weight without use here). Undefined when signed in:
 * then load the next page whole (`location.assign`), so that everything is asked for anew.
 */
export async function signIn(given: { email: string; password: string }): Promise<PlatformError | undefined> {
  const answer = await post('/api/auth/callback/credentials', { ...given, callbackUrl: '/' }).catch(() => undefined)
  if (answer === undefined) return errorFromBody({ code: 'unavailable', message: 'the console cannot be reached', fix: 'Try again in a moment.' })
  const { url } = (await answer.json()) as { url?: string }
  const reason = url === undefined ? 'internal' : new URL(url, location.href).searchParams.get('error')
  if (answer.ok && reason === null) return undefined
  return errorFromBody(messages[reason ?? ''] ?? { code: 'internal', message: 'signing in did not work', fix: 'Load the page again and retry.' })
}

/** Ends the session, on the server as well; then load the sign-in page whole. */
export async function signOut(): Promise<void> {
  await post('/api/auth/signout', { callbackUrl: '/' })
}

async function post(path: string, fields: Record<string, string>): Promise<Response> {
  const { csrfToken } = (await (await fetch('/api/auth/csrf')).json()) as { csrfToken: string }
  return fetch(path, { method: 'POST', body: new URLSearchParams({ ...fields, csrfToken, json: 'true' }) })
}

const messages: Record<string, { code: string; message: string; fix: string }> = {
  unauthenticated: { code: 'unauthenticated', message: 'the email or the password is wrong', fix: 'Check both and try again.' },
  bad_request: { code: 'bad_request', message: 'email and password are needed', fix: 'Give both.' },
  rate_limited: { code: 'rate_limited', message: 'too many attempts', fix: 'Wait a minute, then try again.' },
}
