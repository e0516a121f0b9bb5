/** A map that forgets what was not asked for the longest time, by weight. */
export class Recent<V> {
  readonly #values = new Map<string, { value: V; weight: number }>()
  readonly #limit: number
  #weight = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: string): V | undefined {
    const found = this.#values.get(key)
    if (found === undefined) return undefined
    this.#values.delete(key)
    this.#values.set(key, found)
    return found.value
  }

  set(key: string, value: V, weight = 1): void {
    const before = this.#values.get(key)
    if (before !== undefined) {
      this.#weight -= before.weight
      this.#values.delete(key)
    }
    this.#values.set(key, { value, weight })
    this.#weight += weight
    for (const [oldest, { weight: freed }] of this.#values) {
      if (this.#weight <= this.#limit) break
      this.#values.delete(oldest)
      this.#weight -= freed
    }
  }
}
