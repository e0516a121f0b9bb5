/** Ways to sign in other than with a password, as next-auth is configured. */
export interface SignInProvider { id: string; name: string; type: string }

export async function otherProviders(): Promise<SignInProvider[]> {
  const all = (await (await fetch('/api/auth/providers')).json()) as Record<string, SignInProvider>
  return Object.values(all).filter(({ type }) => type !== 'credentials')
}

/** Goes on at the provider's page, which comes back to `to`. */
export async function signInWith(provider: string, to: string): Promise<void> {
  const { csrfToken } = (await (await fetch('/api/auth/csrf')).json()) as { csrfToken: string }
  const answer = await fetch(`/api/auth/signin/${encodeURIComponent(provider)}`, { method: 'POST', body: new URLSearchParams({ callbackUrl: to, csrfToken, json: 'true' }) })
  const { url } = (await answer.json()) as { url: string }
  location.assign(url)
}
