/**
 * The console's addresses that other parts of the platform print or redirect to; the rest are in client/paths.ts. Every
 * first segment here is reserved in contract/names.ts.
 */
const query = (entries: Record<string, string | undefined>): string => {
  const set = Object.entries(entries).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return set.length === 0 ? '' : `?${new URLSearchParams(set).toString()}`
}

export const consolePath = {
  home: () => '/',
  /** `to`: a path of the console to go on to. */
  signIn: (to?: string) => `/sign-in${query({ to })}`,
  /** Where a sign-in goes on that waits for its second factor. */
  secondFactor: (to?: string) => `/sign-in/second${query({ to })}`,
  signUp: () => '/sign-in/sign-up',
  forgot: () => '/sign-in/forgot',
  /** A link to sign in, instead of a password. */
  mailLink: () => '/sign-in/link',
  /** Behind a message's link, whose code follows after a `#`. */
  byMessage: () => '/sign-in/message',
  /** Leads to Settings, Account, in whatever team one is. */
  accountSettings: () => '/sign-in/account',
  setup: (code?: string) => `/setup${query({ code })}`,
  invitation: (secret: string) => `/invite/${encodeURIComponent(secret)}`,
  /** Where the command sends the browser to sign in; it listens on `port` of this machine. */
  commandSignIn: (at: { port: number; state: string; name?: string }) =>
    `/cli${query({ port: String(at.port), state: at.state, name: at.name })}`,
  /** Where the gateway sends a browser that opens a private service. `state`: the hash of the nonce that the gateway gave the browser for `host`; without it the sign-in begins there. */
  handover: (at: { host: string; to: string; state?: string }) => `/handover${query(at)}`,
  /** Asks whether a service of another team may be told who one is. */
  consent: (at: { host: string; to: string }) => `/sign-in/service${query(at)}`,
  git: (at: { team: string; service: string }) => `/git/${at.team}/${at.service}.git`,
  deployment: (at: { team: string; environment: string; service: string; deployment: string }) =>
    `/${at.team}/${at.environment}/services/${at.service}/deployments/${at.deployment}`,
  trpc: '/api/trpc',
  live: '/live',
} as const

/** What a query says of one line, instance or trace: it means nothing elsewhere, or later. */
const momentary = ['seq', 'at', 'instance', 'revision', 'trace', 'line', 'panel']

/** A query without what holds for one moment only. */
export function lasting(search: string): URLSearchParams {
  const query = new URLSearchParams(search)
  for (const name of momentary) query.delete(name)
  return query
}
