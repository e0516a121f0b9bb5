/** Numbers between 0 and 1 that follow from the seed (mulberry32), so that what was found is found again. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** Up to, and not. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  is(probability: number): boolean {
    return this.next() < probability
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let at = 0; at < length; at++) bytes[at] = this.below(256)
    return bytes
  }

  /** Any value that JSON can carry, and such as programs are known to stumble over. */
  json(depth = 4): unknown {
    const kind = this.below(depth > 0 ? 12 : 8)
    // What cannot be made a text of.
    if (this.is(0.03)) return { toString: null, valueOf: null }
    if (kind === 0) return null
    if (kind === 1) return this.is(0.5)
    if (kind === 2) return this.of([0, -1, 1e308, -0.5, 2 ** 53, 4_294_967_296, 1e-300])
    if (kind === 3)
      return this.of([
        '',
        ' ',
        '../../etc/passwd',
        '__proto__',
        'constructor',
        '\0',
        '\ud800',
        '𝒳'.repeat(20),
        'm3o_',
        "'; drop table users; --",
        '{{7*7}}',
        '%00',
        '\r\nSet-Cookie: a=b',
      ])
    if (kind === 4) return 'x'.repeat(this.below(5_000))
    if (kind === 5) return this.bytes(this.below(60)).toString('latin1')
    if (kind === 6) return this.of(['production', 'demo', 'crew', 'hello', 'speaker', 'keeper'])
    if (kind === 7) return this.below(1_000)
    if (kind < 10) return Array.from({ length: this.below(6) }, () => this.json(depth - 1))
    const names = [
      'team',
      'service',
      'environment',
      'id',
      'json',
      'toString',
      'valueOf',
      'then',
      'length',
      '__proto__',
      'constructor',
      'input',
      '_placeholder',
      'num',
      'text',
      'path',
    ]
    return JSON.parse(
      `{${Array.from({ length: this.below(6) }, () => `${JSON.stringify(this.of(names))}:${JSON.stringify(this.json(depth - 1))}`).join(',')}}`,
    ) as unknown
  }

  /** A text with some of it changed, doubled, or gone. */
  mutated(text: string): string {
    let mutated = text
    for (let changes = 1 + this.below(4); changes > 0; changes--) {
      const at = this.below(mutated.length + 1)
      const length = this.below(8)
      mutated =
        mutated.slice(0, at) +
        this.of([
          '',
          this.bytes(length).toString('latin1'),
          mutated.slice(at, at + length).repeat(2),
          '"',
          '[',
          '{',
          '}',
          '\0',
          ',',
        ]) +
        mutated.slice(at + this.below(length + 1))
    }
    return mutated
  }
}
