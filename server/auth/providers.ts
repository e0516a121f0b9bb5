import type { AuthOptions } from 'next-auth'
import { isPlatformError } from '#contract/errors.ts'
import { consolePath } from '#contract/console-paths.ts'
import type { Person } from '#contract/records.ts'
import { actingAs } from '../people/changes.ts'
import { emailAddress } from '../people/inputs.ts'
import type { Claimed } from '../people/linked-accounts.ts'
import { sessionIdOf } from '../people/viewer.ts'
import type { ProviderSettings } from '../settings.ts'
import type { Web } from '../web.ts'
import { cookieOf, type SignInExchange } from './cookies.ts'
import type { SignedIn } from './credentials.ts'
import { waitForSecond } from './second.ts'

interface Profile {
  sub?: unknown
  id?: unknown
  name?: unknown
  preferred_username?: unknown
  login?: unknown
  email?: unknown
  email_verified?: unknown
}
interface Tokens {
  access_token?: string
  claims(): Profile
}
interface Client {
  userinfo(tokens: Tokens): Promise<Profile>
}

/** Subjects are unique at one issuer only, and another may be configured some day. */
export const providerKey = ({ id, issuer }: Pick<ProviderSettings, 'id' | 'issuer'>): string =>
  id === 'google' ? id : `${id} ${issuer}`

/** For next-auth, as literals (its own are CommonJS defaults, and GitHub's takes an address that nobody has confirmed). */
export const oauthProviders = ({ settings }: Pick<Web, 'settings'>) =>
  settings.providers.map((provider) => (provider.id === 'github' ? github(provider) : oidc(provider)))

function oidc({ id, name, issuer, clientId, clientSecret }: ProviderSettings) {
  return {
    id,
    name,
    type: 'oauth',
    clientId,
    clientSecret,
    wellKnown: `${issuer}/.well-known/openid-configuration`,
    options: {},
    authorization: { params: { scope: 'openid email profile' } },
    idToken: true,
    checks: ['pkce', 'state', 'nonce'],
    httpOptions: { timeout: 10_000 },
    userinfo: {
      /** The signed claims count; what they leave out (OpenID Connect Core §5.4) is asked for. */
      async request({ client, tokens }: { client: Client; tokens: Tokens }) {
        const claims = tokens.claims()
        return claims.email === undefined ? { ...(await client.userinfo(tokens)), ...claims } : claims
      },
    },
    profile: (profile: Profile) => ({
      id: String(profile.sub),
      name: nameOf(profile),
      email: addressOf(profile.email),
    }),
  }
}

function github({ id, name, issuer, clientId, clientSecret }: ProviderSettings) {
  const api = issuer === 'https://github.com' ? 'https://api.github.com' : `${issuer}/api/v3`
  return {
    id,
    name,
    type: 'oauth',
    clientId,
    clientSecret,
    issuer: `${issuer}/login/oauth`,
    options: {},
    authorization: { url: `${issuer}/login/oauth/authorize`, params: { scope: 'read:user user:email' } },
    token: { url: `${issuer}/login/oauth/access_token` },
    checks: ['pkce', 'state'],
    httpOptions: { timeout: 10_000 },
    userinfo: {
      url: `${api}/user`,
      async request({ client, tokens }: { client: Client; tokens: Tokens }) {
        const profile = await client.userinfo(tokens)
        const answer = await fetch(`${api}/user/emails`, {
          headers: { authorization: `Bearer ${tokens.access_token}`, accept: 'application/vnd.github+json' },
          signal: AbortSignal.timeout(10_000),
        })
        const emails = answer.ok
          ? ((await answer.json()) as { email: string; primary: boolean; verified: boolean }[])
          : []
        const chosen =
          emails.find(({ primary, verified }) => primary && verified) ?? emails.find(({ verified }) => verified)
        return { ...profile, email: chosen?.email ?? '', email_verified: chosen !== undefined }
      },
    },
    profile: (profile: Profile) => ({ id: String(profile.id), name: nameOf(profile), email: addressOf(profile.email) }),
  }
}

type SignInCallback = NonNullable<NonNullable<AuthOptions['callbacks']>['signIn']>

/**
 * Decides whom a provider's word signs in: next-auth has checked that it is the provider's. Gives where to go instead, when
 * nobody is signed in (yet); only a code stands in that address, as anybody can write one.
 */
export function acceptProvider(web: Web, exchange: SignInExchange): SignInCallback {
  return async ({ user, account, profile }) => {
    const provider = web.settings.providers.find(({ id }) => id === account?.provider)
    if (provider === undefined) return (user as Partial<SignedIn>).waits ? consolePath.secondFactor() : true
    const said = (profile ?? {}) as Profile
    const claimed: Claimed = {
      provider: providerKey(provider),
      subject: String(account?.providerAccountId ?? ''),
      email: addressOf(user.email).toLowerCase(),
      name: textOf(user.name),
      emailVerified: said.email_verified === true || said.email_verified === 'true',
    }
    try {
      const linking = await linkingFor(web, exchange, provider.id)
      if (linking !== undefined) {
        await web.linked.link(linking, claimed, actingAs(linking, exchange.from))
        await confirmedBy(web, linking, claimed, exchange.from)
        await changed(web, linking, 'linked account')
        return consolePath.accountSettings()
      }
      const { person, notice } = await web.linked.signIn(claimed, exchange.from)
      await confirmedBy(web, person, claimed, exchange.from)
      await changed(web, person, notice)
      if (await waitForSecond(web, exchange, { person, method: provider.name }))
        return consolePath.secondFactor(wantedPath(web, exchange))
      Object.assign(user, { ...person, method: provider.name })
      return true
    } catch (error) {
      if (!isPlatformError(error)) throw error
      return `${consolePath.signIn()}?error=${typeof error.data?.reason === 'string' ? error.data.reason : error.code}`
    }
  }
}

/** Somebody who is in their account, by what it has, and whose provider vouches for the very address of it. */
async function confirmedBy(
  { people }: Web,
  person: Person,
  { email, emailVerified }: Claimed,
  from: string,
): Promise<void> {
  if (person.unconfirmed && emailVerified && person.email.toLowerCase() === email)
    await people.confirm(person, actingAs(person, from))
}

/** Who asked, signed in and in this browser, that the account that comes back be linked to theirs. */
async function linkingFor(
  { codes, sessions, settings }: Web,
  { request }: SignInExchange,
  provider: string,
): Promise<Person | undefined> {
  const sessionId = await sessionIdOf({ settings }, request.headers.cookie)
  const taken = sessionId === undefined ? undefined : await codes.take('linking', linkingCode(sessionId, provider))
  const session = taken === undefined || sessionId === undefined ? undefined : await sessions.open(sessionId)
  return session?.person
}

/** That this session asked for it: kept as other codes are, by its hash. */
export const linkingCode = (sessionId: string, provider: string): string => `${sessionId} ${provider}`

async function changed(web: Web, person: Person, notice: string | undefined): Promise<void> {
  if (notice !== undefined) await web.messages.add('notice', person.email, { what: notice })
  web.noteChanged(person.id)
}

/** Where the browser was to go on to, which next-auth keeps in a cookie. */
function wantedPath({ settings }: Pick<Web, 'settings'>, { request }: SignInExchange): string | undefined {
  const wanted = cookieOf(request.headers.cookie, settings.cookies.callback) ?? ''
  const url = URL.canParse(wanted, settings.url) ? new URL(wanted, settings.url) : undefined
  return url?.origin === settings.url && url.pathname !== '/' ? `${url.pathname}${url.search}` : undefined
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const nameOf = ({ name, preferred_username: username, login }: Profile): string =>
  [name, username, login].map(textOf).find((each) => each !== '') ?? ''
/** Checked before next-auth makes it lower case: `K` (U+212A) becomes a `k` by that, and so another's address. */
const addressOf = (value: unknown): string => emailAddress.safeParse(value).data ?? ''
