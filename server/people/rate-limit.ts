import { PlatformError } from '#contract/errors.ts'

/** A bucket a key: `burst` at once, then one every `everyMs`. Forgets keys that are full again. */
export class RateLimit {
  readonly #buckets = new Map<string, { used: number; at: number }>()
  readonly #burst: number
  readonly #everyMs: number
  readonly #most = 50_000

  constructor(options: { burst: number; everyMs: number }) {
    this.#burst = options.burst
    this.#everyMs = options.everyMs
  }

  /**
   * @param times how many times as much is allowed at once
   * @throws PlatformError `rate_limited`, with the wait in `data.retryAfterMs`
   */
  use(key: string, now = performance.now(), times = 1): void {
    const used = this.#usedBy(key, now)
    if (used + 1 > this.#burst * times) {
      const retryAfterMs = Math.ceil((used + 1 - this.#burst * times) * this.#everyMs)
      throw new PlatformError('rate_limited', 'too many attempts', {
        fix: `Try again in ${Math.max(1, Math.ceil(retryAfterMs / 1000))} s.`,
        data: { retryAfterMs },
      })
    }
    if (this.#buckets.size >= this.#most) this.#forget(now)
    this.#buckets.set(key, { used: used + 1, at: now })
  }

  /** One use turned out to be legitimate: it does not count, those before it do. */
  takeBack(key: string, now = performance.now()): void {
    const used = this.#usedBy(key, now)
    if (used <= 1) this.#buckets.delete(key)
    else this.#buckets.set(key, { used: used - 1, at: now })
  }

  /** Nothing of a key counts any more. Only for a key that nobody but the person who proved to be there can use. */
  giveBack(key: string): void {
    this.#buckets.delete(key)
  }

  #usedBy(key: string, now: number): number {
    const bucket = this.#buckets.get(key)
    return bucket === undefined ? 0 : Math.max(0, bucket.used - (now - bucket.at) / this.#everyMs)
  }

  #forget(now: number): void {
    for (const key of this.#buckets.keys()) if (this.#usedBy(key, now) === 0) this.#buckets.delete(key)
    if (this.#buckets.size < this.#most) return
    // Those that were used least: a flood of new keys must not free the one that is being guessed at.
    const least = [...this.#buckets.keys()]
      .map((key) => ({ key, used: this.#usedBy(key, now) }))
      .sort((a, b) => a.used - b.used)
      .slice(0, this.#most / 10)
    for (const { key } of least) this.#buckets.delete(key)
  }
}
