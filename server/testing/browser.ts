import { consolePath } from '#contract/console-paths.ts'

/** A browser's cookies and the headers that it sends by itself. */
export class Browser {
  readonly #cookies = new Map<string, string>()
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async fetch(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const answer = await fetch(this.#url + path, {
      redirect: 'manual',
      ...init,
      headers: { cookie: this.cookie, ...(init.method !== undefined && { origin: this.#url }), ...init.headers },
    })
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return answer
  }

  /** As client/sign-in.ts does. */
  async signIn(email: string, password: string): Promise<Response> {
    return this.#auth('/api/auth/callback/credentials', { email, password })
  }

  /** By another way than the password: as client/sign-in.ts does. What went wrong, if anything did. */
  async signInBy(way: 'link' | 'second' | 'passkey', fields: Record<string, string>): Promise<string | null> {
    const { url } = (await (await this.#auth(`/api/auth/callback/${way}`, fields)).json()) as { url: string }
    return new URL(url, this.#url).searchParams.get('error')
  }

  /** By password, and what went wrong, if anything did. */
  async passwordError(email: string, password: string): Promise<string | null> {
    const { url } = (await (await this.signIn(email, password)).json()) as { url: string }
    return url === consolePath.secondFactor() ? 'second_factor' : new URL(url, this.#url).searchParams.get('error')
  }

  /** To a provider and back, as a browser goes: where it ends up at the console. */
  async signInAt(provider: string, callbackUrl = '/'): Promise<string> {
    const { url } = (await (await this.#auth(`/api/auth/signin/${provider}`, { callbackUrl })).json()) as {
      url: string
    }
    const elsewhere = new Map<string, string>()
    for (let at = new URL(url, this.#url), hops = 0; hops < 12; hops++) {
      const own = at.origin === this.#url
      const answer = own
        ? await this.fetch(`${at.pathname}${at.search}`)
        : await fetch(at, {
            redirect: 'manual',
            headers: { cookie: [...elsewhere].map(([name, value]) => `${name}=${value}`).join('; ') },
          })
      if (!own)
        for (const line of answer.headers.getSetCookie())
          elsewhere.set(line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1, line.indexOf(';')))
      await answer.arrayBuffer()
      const location = answer.headers.get('location')
      if (location === null) return `${at.pathname}${at.search}`
      at = new URL(location, at)
    }
    throw new Error('sent around in circles')
  }

  async signOut(): Promise<Response> {
    return this.#auth('/api/auth/signout', {})
  }

  /** What a procedure gave, or its error's body. */
  async query(
    procedure: string,
    input?: unknown,
  ): Promise<{
    status: number
    data: unknown
    error: { code: string; field?: string; fix?: string; data?: object } | undefined
  }> {
    return read(
      await this.fetch(
        `/api/trpc/${procedure}${input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`}`,
      ),
    )
  }

  async mutate(procedure: string, input: unknown = {}, headers: Record<string, string> = {}) {
    return read(
      await this.fetch(`/api/trpc/${procedure}`, {
        method: 'POST',
        body: JSON.stringify(input),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    )
  }

  async #auth(path: string, fields: Record<string, string>): Promise<Response> {
    const { csrfToken } = (await (await this.fetch('/api/auth/csrf')).json()) as { csrfToken: string }
    return this.fetch(path, { method: 'POST', body: new URLSearchParams({ ...fields, csrfToken, json: 'true' }) })
  }
}

async function read(answer: Response) {
  const body = (await answer.json()) as {
    result?: { data: unknown }
    error?: { data: { m3o: { code: string; field?: string; fix?: string; data?: object } } }
    code?: string
  }
  return {
    status: answer.status,
    data: body.result?.data,
    error: body.error?.data.m3o ?? (body.code === undefined ? undefined : { code: body.code }),
  }
}
