import { Agent, request } from 'node:http'

/** Asks on one connection that it keeps, as a browser or a client does. */
export class KeptCaller implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #port: number
  readonly #token: string
  readonly answers: { status: number; body: string }[] = []
  readonly failures: string[] = []

  constructor(port: number, token: string) {
    this.#port = port
    this.#token = token
  }

  ask(path: string): Promise<void> {
    return new Promise((resolve) => {
      const failed = (error: Error) => {
        this.failures.push(error.message)
        resolve()
      }
      const asked = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path,
          agent: this.#agent,
          headers: { authorization: `Bearer ${this.#token}` },
        },
        (answer) => {
          let body = ''
          answer.setEncoding('utf8').on('data', (part: string) => (body += part))
          answer.once('error', failed).once('end', () => {
            this.answers.push({ status: answer.statusCode ?? 0, body })
            resolve()
          })
        },
      )
      asked
        .setTimeout(6_000, () => asked.destroy(new Error('no answer within 6 s')))
        .once('error', failed)
        .end()
    })
  }

  /** Answers that neither are what was asked for nor say in words why not. */
  get riddles(): string[] {
    return this.answers
      .filter(({ status, body }) => status !== 200 && !isReadable(body))
      .map(({ status, body }) => `${status} ${body.slice(0, 300)}`)
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

interface Told {
  code?: string
  fix?: string
}

function isReadable(body: string): boolean {
  try {
    const { error } = JSON.parse(body) as { error?: Told & { data?: { m3o?: Told } } }
    const told = error?.data?.m3o ?? error
    return told?.code !== undefined && told.code !== 'internal' && told.fix !== undefined
  } catch {
    return false
  }
}
