import { signIn } from '#client/sign-in.ts'

/** Signs in, failing like any other mutation. @throws PlatformError `unauthenticated`, `rate_limited`, `unavailable` */
export async function enter(given: { email: string; password: string }): Promise<void> {
  const refused = await signIn(given)
  if (refused !== undefined) throw refused
}
