import { setTimeout as delay } from 'node:timers/promises'
import { createTRPCClient, httpLink, retryLink, type TRPCClient, TRPCClientError } from '@trpc/client'
import { errorFromBody, PlatformError } from '#contract/errors.ts'
import { Misuse } from './misuse.ts'
import type { AppRouter } from '#server/router.ts'
import { ConfigFile, defaultUrl, type Remembered } from './config.ts'

/** How long the platform may take to come back. */
export const restartMs = 6_000
const againMs = 250

export interface GlobalOptions {
  url?: string
  token?: string
  team?: string
  env?: string
  json?: boolean
}

/** One run of the command: which platform, as whom, in which team and environment. */
export class Session {
  readonly config: ConfigFile
  readonly url: string
  readonly json: boolean
  readonly token: string | undefined
  readonly api: TRPCClient<AppRouter>
  readonly #options: GlobalOptions
  readonly #remembered: Remembered
  readonly #isTokenGiven: boolean
  #asked: ReturnType<typeof this.api.person.me.query> | undefined

  constructor(options: GlobalOptions, env: NodeJS.ProcessEnv = process.env) {
    this.config = new ConfigFile(env)
    this.url = normalize(options.url ?? env.M3O_URL ?? this.config.url ?? defaultUrl)
    this.json = options.json ?? false
    this.#options = options
    this.#remembered = this.config.of(this.url)
    const given = options.token ?? (env.M3O_TOKEN || undefined)
    this.#isTokenGiven = given !== undefined
    this.token = given ?? this.#remembered.token
    this.api = createTRPCClient<AppRouter>({
      links: [
        // What only reads is asked again while the platform's parts come back; whoever watches for that says how long.
        retryLink({
          retry: ({ op, error, attempts }) => op.type === 'query' && (error.data as { m3o?: { code?: string } } | undefined)?.m3o?.code === 'unavailable' && attempts <= restartMs / againMs,
          retryDelayMs: () => againMs,
        }),
        httpLink({ url: `${this.url}/api/trpc`, headers: () => this.headers(), fetch: (input, init) => this.#reach(input as string, init as RequestInit) }),
      ],
    })
  }

  /** Name of the environment: the one asked for, else what a token given for this run is for, else the remembered one. */
  async environment(): Promise<string> {
    const { env, team } = this.#options
    if (env !== undefined) return env
    if (this.#isTokenGiven) return (await this.#me()).token?.environment ?? 'production'
    // What was chosen was chosen in the remembered team.
    const elsewhere = team !== undefined && team !== this.#remembered.team
    return elsewhere ? 'production' : (this.#remembered.environment ?? 'production')
  }

  /** Name of the team: the one asked for or remembered, else the token's. */
  async team(): Promise<string> {
    const known = this.#options.team ?? (this.#isTokenGiven ? undefined : this.#remembered.team)
    if (known !== undefined) return known
    const { token, teams } = await this.#me()
    const team = token?.team ?? teams[0]?.name
    if (team === undefined) throw new PlatformError('not_found', 'you are in no team yet', { fix: 'Make one: m3o team create NAME.' })
    return team
  }

  async place(): Promise<{ team: string; environment: string }> {
    return { team: await this.team(), environment: await this.environment() }
  }

  async service(service: string): Promise<{ team: string; environment: string; service: string }> {
    const place = await this.place()
    // One's own team may be named too.
    return { ...place, service: service.startsWith(`@${place.team}/`) ? service.slice(place.team.length + 2) : service }
  }

  #me() {
    return (this.#asked ??= this.api.person.me.query())
  }

  /** A service as it is here, or another team's (`@team/service`) as that team shares it. */
  described(at: { team: string; environment: string; service: string }) {
    return at.service.startsWith('@') ? this.api.services.shared.query({ team: at.team, name: at.service }) : this.api.services.get.query(at)
  }

  headers(): Record<string, string> {
    return !this.token ? {} : { authorization: `Bearer ${this.token}` }
  }

  /** @throws PlatformError `unavailable` when nothing answers there */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return this.#reach(this.url + path, { ...init, headers: { ...(init.headers as Record<string, string>), ...this.headers() } })
  }

  /** Where one is signed in, a console that is just restarting is waited for. */
  async #reach(url: string, init: RequestInit): Promise<Response> {
    const repeatable = init.body === undefined || init.body === null || typeof init.body === 'string'
    for (const deadline = Date.now() + (this.token && repeatable ? restartMs : 0); ; await delay(150)) {
      try {
        return await fetch(url, init)
      } catch (error) {
        if (isRefused(error) && Date.now() < deadline) continue
        throw new PlatformError('unavailable', `nothing answers at ${this.url}`, { fix: 'Start it with `m3o server`, or name another one with --url.' }, { cause: error })
      }
    }
  }
}

/** Nothing was sent, so it can be sent again. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED'
}

/** The platform's own error, whatever it came wrapped in. */
export function platformError(error: unknown): PlatformError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof PlatformError) return at
    if (at instanceof TRPCClientError && at.data?.m3o) return errorFromBody(at.data.m3o)
  }
  return undefined
}

function normalize(url: string): string {
  const parsed = URL.parse(url.includes('://') ? url : `http://${url}`)
  if (parsed === null) throw new Misuse(`${url} is no URL`, 'Give one such as http://127.0.0.1:4000.')
  return parsed.href.replace(/\/+$/, '')
}
