import { setTimeout as delay } from 'node:timers/promises'
import { createTRPCClient, httpLink, retryLink, type TRPCClient, TRPCClientError } from '@trpc/client'
import { errorFromBody, PlatformError } from '#contract/errors.ts'
import { Misuse } from './misuse.ts'
import type { AppRouter } from '#server/router.ts'
import { labelOf, parseAddress } from './address.ts'
import { type Answer, ask, type Asked } from './ask.ts'
import { ConfigFile, defaultUrl, type Remembered, urlHere } from './config.ts'

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

/** How long one that may well be off is asked. */
const glanceMs = 5_000

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
  readonly #patient: boolean
  readonly #isPlatformNamed: boolean
  #asked: ReturnType<typeof this.api.person.me.query> | undefined
  /** What is still to be said. */
  #remark: string | undefined

  /** @param how.patient whether a platform that does not answer is waited for */
  constructor(
    options: GlobalOptions,
    env: NodeJS.ProcessEnv = process.env,
    { patient = true }: { patient?: boolean } = {},
  ) {
    this.#patient = patient
    this.config = new ConfigFile(env)
    // `--env prod.example.com/alice` names the platform as well.
    const { environment, ...named } = options.env === undefined ? {} : parseAddress(options.env, this.config.urls)
    const asked = options.url === undefined ? undefined : normalize(options.url)
    if (asked !== undefined && named.url !== undefined && asked !== named.url)
      throw new Misuse(`--env ${options.env} is not at ${asked}`, 'Leave --url out.')
    this.url = asked ?? named.url ?? normalize(env.M3O_URL ?? this.config.url ?? urlHere(env))
    this.json = options.json ?? false
    const { env: _env, ...rest } = options
    this.#options = {
      ...rest,
      ...(named.team !== undefined && { team: named.team }),
      ...(environment !== undefined && { env: environment }),
    }
    this.#isPlatformNamed = named.url !== undefined
    this.#remembered = this.config.of(this.url)
    // A token of the shell's is for the platform of the shell's, not for one that is called by its name.
    const given = options.token ?? (named.url !== undefined ? undefined : env.M3O_TOKEN || undefined)
    this.#isTokenGiven = given !== undefined
    this.token = given ?? this.#remembered.token
    this.api = createTRPCClient<AppRouter>({
      links: [
        // What only reads is asked again while the platform's parts come back; whoever watches for that says how long.
        retryLink({
          retry: ({ op, error, attempts }) =>
            op.type === 'query' &&
            (error.data as { m3o?: { code?: string } } | undefined)?.m3o?.code === 'unavailable' &&
            patient &&
            attempts <= restartMs / againMs,
          retryDelayMs: () => againMs,
        }),
        httpLink({
          url: `${this.url}/api/trpc`,
          headers: () => this.headers(),
          fetch: (input, init) => this.#reach(input as string, init as Asked, ask),
        }),
      ],
    })
  }

  /**
   * Where it acts, when somebody who does not remember what was chosen could be wrong about it: said once it is asked for,
   * or with the first request. What this run itself was told needs no saying.
   */
  remarkPlace(): void {
    if (this.json) return
    const chosen =
      this.#options.env === undefined && !this.#isTokenGiven && !this.#isOtherTeam()
        ? this.#remembered.environment
        : undefined
    const { urls } = this.config
    const other =
      this.#options.url === undefined && !this.#isPlatformNamed && urls.length > 1 && this.url !== defaultUrl
    if (!other && (chosen === undefined || chosen === 'production')) return
    const team = this.#options.team ?? this.#remembered.team
    const environment = this.#options.env ?? chosen ?? 'production'
    this.#remark = `In ${environment}${team === undefined ? '' : ` of ${team}`}${urls.length > 1 ? ` on ${this.label}` : ''}`
  }

  /** The same person on another platform that they are logged in to, in what they chose there. */
  on(url: string, { team, patient = true }: { team?: string | undefined; patient?: boolean } = {}): Session {
    const { M3O_TOKEN: _token, ...env } = process.env
    return new Session({ url, json: this.json, ...(team !== undefined && { team }) }, env, { patient })
  }

  #sayPlace(): void {
    if (this.#remark !== undefined) process.stderr.write(`${this.#remark}\n`)
    this.#remark = undefined
  }

  /** What was chosen on this platform, as far as it is remembered. */
  get chosen(): { team: string | undefined; environment: string } {
    return {
      team: this.#options.team ?? this.#remembered.team,
      environment:
        this.#options.env ?? (this.#isOtherTeam() ? 'production' : (this.#remembered.environment ?? 'production')),
    }
  }

  /** What the platform is called among those that one is logged in to. */
  get label(): string {
    return labelOf(this.url, this.config.urls)
  }

  #isOtherTeam(): boolean {
    return this.#options.team !== undefined && this.#options.team !== this.#remembered.team
  }

  /** Name of the environment: the one asked for, else what a token given for this run is for, else the remembered one. */
  async environment(): Promise<string> {
    this.#sayPlace()
    const { env } = this.#options
    if (env !== undefined) return env
    if (this.#isTokenGiven) return (await this.#me()).token?.environment ?? 'production'
    // What was chosen was chosen in the remembered team.
    return this.#isOtherTeam() ? 'production' : (this.#remembered.environment ?? 'production')
  }

  /** Name of the team: the one asked for or remembered, else the token's. */
  async team(): Promise<string> {
    this.#sayPlace()
    const known = this.#options.team ?? (this.#isTokenGiven ? undefined : this.#remembered.team)
    if (known !== undefined) return known
    const { token, teams } = await this.#me()
    const team = token?.team ?? teams[0]?.name
    if (team === undefined)
      throw new PlatformError('not_found', 'you are not in a team yet', { fix: 'Create one: m3o team create NAME.' })
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
    return at.service.startsWith('@')
      ? this.api.services.shared.query({ team: at.team, name: at.service })
      : this.api.services.get.query(at)
  }

  headers(): Record<string, string> {
    return !this.token ? {} : { authorization: `Bearer ${this.token}` }
  }

  /** @throws PlatformError `unavailable` when nothing answers there */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return this.#reach(
      this.url + path,
      { ...init, headers: { ...(init.headers as Record<string, string>), ...this.headers() } },
      fetch,
    )
  }

  /** The same, where no more is wanted of the answer. */
  ask(path: string, asked: Asked = {}): Promise<Answer> {
    return this.#reach(this.url + path, { ...asked, headers: { ...asked.headers, ...this.headers() } }, ask)
  }

  /** Where one is signed in, a console that is just restarting is waited for. */
  async #reach<I extends { body?: unknown }, A>(
    url: string,
    init: I,
    send: (url: string, init: I) => Promise<A>,
  ): Promise<A> {
    this.#sayPlace()
    const repeatable = init.body === undefined || init.body === null || typeof init.body === 'string'
    for (
      const deadline = Date.now() + (this.#patient && this.token && repeatable ? restartMs : 0);
      ;
      await delay(150)
    ) {
      try {
        return await send(url, this.#patient ? init : { ...init, signal: AbortSignal.timeout(glanceMs) })
      } catch (error) {
        if (isRefused(error) && Date.now() < deadline) continue
        throw new PlatformError(
          'unavailable',
          `no response from ${this.url}`,
          { fix: 'Start it with `m3o server`, or give another address with --url.' },
          { cause: error },
        )
      }
    }
  }
}

/** Nothing was sent, so it can be sent again. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && ((error.cause ?? error) as NodeJS.ErrnoException).code === 'ECONNREFUSED'
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
  if (parsed === null) throw new Misuse(`invalid URL: ${url}`, 'Write it as http://127.0.0.1:4000.')
  return parsed.href.replace(/\/+$/, '')
}
