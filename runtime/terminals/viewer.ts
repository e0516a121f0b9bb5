export type TerminalEvent =
  /** Clear and paint this; the first event, and again after a viewer had fallen too far behind. */
  { kind: 'snapshot'; data: Buffer } | { kind: 'output'; data: Buffer } | { kind: 'exit'; exitCode: number | null }

/** What may wait for one viewer before the program is paused. */
const enough = 256 * 1024

/** One open window on a terminal: a bounded queue between it and whoever looks. */
export class Viewer {
  #queue: TerminalEvent[] = []
  #bytes = 0
  #wake: (() => void) | undefined
  #ended = false
  #behindSince: number | undefined
  /** Before its snapshot what arrives is kept; after it has been given up on, nothing is. */
  #state: 'opening' | 'current' | 'stale' = 'opening'
  readonly #onRead: () => void

  constructor(onRead: () => void) {
    this.#onRead = onRead
  }

  get isBehind(): boolean {
    return this.#state !== 'stale' && this.#bytes > enough
  }

  get isStale(): boolean {
    return this.#state === 'stale'
  }

  /** How long it has been behind at `now` of performance.now(), in milliseconds. */
  behindFor(now: number): number {
    return this.#behindSince === undefined || this.isStale ? 0 : now - this.#behindSince
  }

  output(data: Buffer): void {
    if (this.#state === 'stale' || this.#ended) return
    this.#put({ kind: 'output', data })
    if (this.isBehind) this.#behindSince ??= performance.now()
  }

  /** The picture of everything before the output that is queued. */
  snapshot(text: string): void {
    this.#state = 'current'
    this.#queue.unshift({ kind: 'snapshot', data: Buffer.from(text) })
    this.#wake?.()
  }

  /** It does not read: what waits is dropped, and it gets a new picture once it reads again. */
  giveUp(): void {
    this.#state = 'stale'
    this.#queue = []
    this.#bytes = 0
    this.#behindSince = undefined
  }

  /** Ready for a new picture. */
  renew(): void {
    this.#state = 'opening'
  }

  exit(exitCode: number | null): void {
    if (this.#ended) return
    this.#put({ kind: 'exit', exitCode })
    this.end()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *events(): AsyncGenerator<TerminalEvent, void, void> {
    for (;;) {
      const event = this.#state === 'opening' && !this.#ended ? undefined : this.#queue.shift()
      if (event) {
        if (event.kind === 'output') this.#bytes -= event.data.length
        if (!this.isBehind) this.#behindSince = undefined
        this.#onRead()
        yield event
        continue
      }
      if (this.#ended) return
      if (this.isStale) this.#onRead()
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
  }

  #put(event: TerminalEvent): void {
    this.#queue.push(event)
    if (event.kind === 'output') this.#bytes += event.data.length
    this.#wake?.()
  }
}
