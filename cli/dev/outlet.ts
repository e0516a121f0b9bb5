import type { TunnelStream } from '#contract/tunnel-stream.ts'

/** Kept while there is no connection, or while that is slower than the service. */
const maxWaiting = 512 << 10

/** What the service prints, on its way into the platform's logs; never in the way of the terminal. */
export class Outlet {
  #stream: TunnelStream | undefined
  #waiting: Buffer[] = []
  #size = 0
  #lost = 0

  write(chunk: Buffer): void {
    if (this.#size + chunk.length > maxWaiting) {
      this.#lost += chunk.length
      return
    }
    this.#waiting.push(chunk)
    this.#size += chunk.length
    this.#send()
  }

  attach(stream: TunnelStream): void {
    this.#stream = stream
    stream.on('drain', () => this.#send())
    this.#send()
  }

  detach(): void {
    this.#stream = undefined
  }

  /** Nothing more comes; resolves when it is on its way, or after a moment. */
  async end(): Promise<void> {
    const stream = this.#stream
    if (stream === undefined || stream.destroyed) return
    await Promise.race([
      new Promise<void>((resolve) => stream.end(resolve)),
      new Promise((resolve) => setTimeout(resolve, 500)),
    ])
  }

  #send(): void {
    const stream = this.#stream
    while (stream !== undefined && !stream.destroyed && !stream.writableNeedDrain) {
      const next = this.#waiting.shift()
      if (next === undefined) {
        if (this.#lost === 0) return
        const text = `(${this.#lost} bytes of output were not sent to the platform)\n`
        this.#lost = 0
        stream.write(text)
        return
      }
      this.#size -= next.length
      stream.write(next)
    }
  }
}
