import { createHash, randomBytes } from 'node:crypto'

/** Codes that are worth something once and for a short while; only their hashes are kept, and only here in memory. */
export class SingleUseCodes<Value> {
  readonly #kept = new Map<string, { value: Value; until: number }>()
  readonly #forMs: number

  constructor(forMs: number) {
    this.#forMs = forMs
  }

  make(value: Value): string {
    const now = Date.now()
    for (const [hash, { until }] of this.#kept) if (until <= now) this.#kept.delete(hash)
    const code = randomBytes(24).toString('base64url')
    this.#kept.set(hashOf(code), { value, until: now + this.#forMs })
    return code
  }

  take(code: string): Value | undefined {
    const hash = hashOf(code)
    const found = this.#kept.get(hash)
    this.#kept.delete(hash)
    return found !== undefined && found.until > Date.now() ? found.value : undefined
  }
}

const hashOf = (code: string) => createHash('sha256').update(code).digest('hex')
