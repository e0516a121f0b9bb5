import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'

export interface Door {
  port: number
  path: string
  headers?: Record<string, string>
}

/** Asks so often, whether or not what was asked before is answered; counts what fails, and sees new answers as they come. */
export class Asking {
  asked = 0
  failed = 0
  /** Why, of the first. */
  why = ''
  readonly latencies: number[] = []
  readonly #door: Door
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  readonly #timer: NodeJS.Timeout
  #onBody: (body: string) => void = () => {}

  constructor(door: Door, rate: number) {
    this.#door = door
    const began = performance.now()
    this.#timer = setInterval(() => {
      for (const due = ((performance.now() - began) * rate) / 1_000; this.asked < due;) this.#ask()
    }, 1)
  }

  /** Resolves at the first answer that holds the text. */
  until(text: string, withinMs = 60_000): Promise<number> {
    const seen = Promise.withResolvers<number>()
    const late = setTimeout(
      () => seen.reject(new Error(`no answer said ${text} within ${withinMs / 1_000} s; ${this.why}`)),
      withinMs,
    )
    this.#onBody = (body) => {
      if (body.includes(text)) seen.resolve(performance.now())
    }
    return seen.promise.finally(() => clearTimeout(late))
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#agent.destroy()
  }

  #ask(): void {
    this.asked += 1
    const began = performance.now()
    const fail = (why: string) => {
      this.failed += 1
      this.why ||= why
    }
    const { port, path, headers } = this.#door
    request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        agent: this.#agent,
        headers: { 'content-type': 'application/json', 'content-length': 2, ...headers },
      },
      (answer) => {
        let body = ''
        answer
          .on('data', (part: Buffer) => (body += part.toString()))
          .on('error', (error) => fail(error.message))
          .on('end', () => {
            this.latencies.push(performance.now() - began)
            if (answer.statusCode === 200) this.#onBody(body)
            else fail(`${answer.statusCode} ${body.slice(0, 200)}`)
          })
      },
    )
      .on('error', (error) => fail(error.message))
      .end('{}')
  }
}

/** Of numbers in any order. */
export function at(share: number, numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN
}
