import { createTRPCClient, httpLink, type TRPCClient, TRPCClientError } from '@trpc/client'
import { errorFromBody, PlatformError } from '#contract/errors.ts'
import type { AppRouter } from '#server/router.ts'
import { ConfigFile, defaultUrl, type Remembered } from './config.ts'

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

  constructor(options: GlobalOptions, env: NodeJS.ProcessEnv = process.env) {
    this.config = new ConfigFile(env)
    this.url = normalize(options.url ?? env.M3O_URL ?? this.config.url ?? defaultUrl)
    this.json = options.json ?? false
    this.#options = options
    this.#remembered = this.config.of(this.url)
    this.token = options.token ?? env.M3O_TOKEN ?? this.#remembered.token
    this.api = createTRPCClient<AppRouter>({
      links: [httpLink({ url: `${this.url}/api/trpc`, headers: () => this.headers(), fetch: (input, init) => this.#reach(input as string, init as RequestInit) })],
    })
  }

  /** Name of the environment. */
  get environment(): string {
    return this.#options.env ?? this.#remembered.environment ?? 'production'
  }

  /** Name of the team: the one asked for or remembered, else the token's. */
  async team(): Promise<string> {
    const known = this.#options.team ?? (this.#options.token === undefined ? this.#remembered.team : undefined)
    if (known !== undefined) return known
    const { token, teams } = await this.api.person.me.query()
    const team = token?.team ?? teams[0]?.name
    if (team === undefined) throw new PlatformError('not_found', 'you are in no team yet', { fix: 'Make one: m3o team create NAME.' })
    return team
  }

  async place(): Promise<{ team: string; environment: string }> {
    return { team: await this.team(), environment: this.environment }
  }

  async service(service: string): Promise<{ team: string; environment: string; service: string }> {
    return { ...(await this.place()), service }
  }

  headers(): Record<string, string> {
    return !this.token ? {} : { authorization: `Bearer ${this.token}` }
  }

  /** @throws PlatformError `unavailable` when nothing answers there */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return this.#reach(this.url + path, { ...init, headers: { ...(init.headers as Record<string, string>), ...this.headers() } })
  }

  async #reach(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, init)
    } catch (error) {
      throw new PlatformError('unavailable', `nothing answers at ${this.url}`, { fix: 'Start it with `m3o server`, or name another one with --url.' }, { cause: error })
    }
  }
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
  if (parsed === null) throw new PlatformError('bad_request', `${url} is no URL`, { fix: 'Give one such as http://127.0.0.1:4000.' })
  return parsed.href.replace(/\/+$/, '')
}
