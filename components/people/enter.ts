import { paths } from '#client/paths.ts'
import { signIn, type WayIn } from '#client/sign-in.ts'

/**
 * Signs in, failing like any other mutation. Somebody with a second factor is sent to be asked for it, and the page is left.
 * @throws PlatformError `unauthenticated`, `rate_limited`, `unavailable`
 */
export async function enter(given: { email: string; password: string }, to: string | null = null): Promise<void> {
  return enterBy('credentials', { email: given.email, password: given.password }, to)
}

export async function enterBy(way: WayIn, fields: Record<string, string>, to: string | null = null): Promise<void> {
  const refused = await signIn(way, fields)
  if (refused?.data?.reason === 'second_factor') {
    location.assign(paths.secondFactor(to ?? undefined))
    // The page is being left: whatever would come next must not.
    return new Promise<never>(() => {})
  }
  if (refused !== undefined) throw refused
}

/** By a passkey of this device: its own page, or the browser's, asks for it. */
export async function enterByPasskey(
  client: { signIn: { passkeyOptions: { mutate(input: { host: string; second: boolean }): Promise<unknown> } } },
  second: boolean,
): Promise<void> {
  const { askForPasskey } = await import('./passkey.ts')
  const answer = await askForPasskey(await client.signIn.passkeyOptions.mutate({ host: location.hostname, second }))
  return enterBy(second ? 'second' : 'passkey', { answer: JSON.stringify(answer) })
}
