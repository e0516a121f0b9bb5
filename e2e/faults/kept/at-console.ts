import { io } from 'socket.io-client'
import { livePath } from '#contract/live-socket.ts'
import { hashPassword } from '#server/people/passwords.ts'
import { Browser } from '#server/testing/browser.ts'
import type { Inhabitant, OnHome } from '../../platform/on-home.ts'
import type { WebProcess } from '../../platform/web-process.ts'

const [email, password] = ['ann@example.com', 'a password of this fault']

/** Somebody who sits at the console through it all, in more and more windows, with a service's log open in the first. */
export class AtConsole implements Disposable {
  readonly #url: string
  readonly #windows: Browser[] = []
  #socket: ReturnType<typeof io> | undefined
  /** Lines of the log that came. */
  lines = 0
  /** What the live connection said beside them. */
  readonly interruptions: string[] = []

  private constructor({ port }: WebProcess) {
    this.#url = `http://127.0.0.1:${port}`
  }

  static async begin(platform: OnHome, web: WebProcess, as: Inhabitant, service: string): Promise<AtConsole> {
    await platform.sql`update users set password_hash = ${await hashPassword(password)}, email_verified_at = now() where id = ${as.userId}`
    const it = new AtConsole(web)
    const window = await it.#signIn()
    if (window === undefined) throw new Error('nobody can sign in')
    const socket = io(it.#url, {
      path: livePath,
      transports: ['websocket'],
      extraHeaders: { cookie: window.cookie, origin: it.#url },
    })
    socket.on('items', (_id: string, items: unknown[], ack: () => void) => {
      it.lines += items.length
      ack()
    })
    for (const name of ['connect_error', 'disconnect', 'signedOut', 'resync', 'end'])
      socket.on(name, (...said: unknown[]) => void it.interruptions.push(`${name} ${JSON.stringify(said)}`))
    const answer: unknown = await socket.emitWithAck('subscribe', 'log', 'logs', {
      team: 'crew',
      environment: 'production',
      services: [service],
    })
    if ((answer as { ok: boolean }).ok !== true) throw new Error(`no log: ${JSON.stringify(answer)}`)
    it.#socket = socket
    return it
  }

  /** Each window asks, and one more is opened. What was not answered. */
  async work(): Promise<string[]> {
    const added = await this.#signIn()
    const answers = await Promise.all(
      this.#windows.map((window) => window.query('environments.list', { team: 'crew' })),
    )
    return [
      ...(added === undefined ? ['a further sign-in is refused'] : []),
      ...answers
        .filter(({ status }) => status !== 200)
        .map(({ status, error }) => `${status} ${JSON.stringify(error)}`),
    ]
  }

  get windows(): number {
    return this.#windows.length
  }

  [Symbol.dispose](): void {
    this.#socket?.disconnect()
  }

  async #signIn(): Promise<Browser | undefined> {
    const window = new Browser(this.#url)
    if ((await window.passwordError(email, password)) !== null) return undefined
    this.#windows.push(window)
    return window
  }
}
