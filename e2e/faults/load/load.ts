import { Agent, request } from 'node:http'

/** One call, by when it began; `error` says what was wrong with its answer. */
export interface Outcome {
  kind: string
  at: number
  tookMs: number
  error: string | undefined
}

/** Resolves with what is wrong with the answer; rejects when there was none. */
export type Ask = () => Promise<string | undefined>

export interface Target {
  port: number
  path: string
  headers: Record<string, string>
}

/** Calls at a steady rate, by turns of each kind, however long they take. */
export class Load {
  readonly outcomes: Outcome[] = []
  readonly #kinds: readonly (readonly [string, Ask])[]
  readonly #open = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #count = 0

  constructor(perSecond: number, kinds: Readonly<Record<string, Ask>>) {
    this.#kinds = Object.entries(kinds)
    const began = performance.now()
    this.#timer = setInterval(() => {
      // After a pause of this process, no faster than usual twice: a burst would measure us.
      const due = Math.min(Math.floor(((performance.now() - began) * perSecond) / 1000), this.#count + perSecond / 50)
      while (this.#count < due) this.#call()
    }, 2)
  }

  get failed(): Outcome[] {
    return this.outcomes.filter(({ error }) => error !== undefined)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#open)
  }

  #call(): void {
    const [kind, ask] = this.#kinds[this.#count++ % this.#kinds.length] as readonly [string, Ask]
    const at = performance.now()
    const done = (error: string | undefined) => this.outcomes.push({ kind, at, tookMs: performance.now() - at, error })
    const open = ask()
      .then(done, (error: unknown) => done(String(error)))
      .then(() => void this.#open.delete(open))
    this.#open.add(open)
  }
}

/** How many of each kind there were, and what was wrong. */
export function inWords(outcomes: readonly Outcome[], failed: readonly Outcome[]): string {
  const kinds = Map.groupBy(outcomes, ({ kind }) => kind)
  const errors = Map.groupBy(failed, ({ kind, error }) => `${kind}: ${error}`)
  return `${failed.length} of ${[...kinds].map(([kind, all]) => `${all.length} ${kind}`).join(' + ')}${[...errors]
    .slice(0, 8)
    .map(([error, all]) => `\n      ${all.length} × ${error}`)
    .join('')}`
}

/** On a connection of its own, or on kept ones; with `expected` as its answer. */
export function asking(
  { port, path, headers }: Target,
  { keepAlive = false, body, expected }: { keepAlive?: boolean; body?: string; expected: RegExp },
): Ask {
  const agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: 32 }) : new Agent({ keepAlive: false })
  return () =>
    new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port,
          path,
          agent,
          method: body === undefined ? 'GET' : 'POST',
          headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
        },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (part: string) => (text += part))
          answer.once('end', () =>
            resolve(
              answer.statusCode === 200 && expected.test(text)
                ? undefined
                : `${answer.statusCode} ${text.slice(0, 200)}`,
            ),
          )
          answer.once('error', reject)
        },
      )
      sent.setTimeout(20_000, () => sent.destroy(new Error('no answer within 20 s')))
      sent.once('error', reject).end(body)
    })
}
