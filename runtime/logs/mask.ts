import { cleanText } from './clean.ts'

/** What stands in a log where a secret's value was. */
const masked = '•••••'
const maskedBytes = Buffer.from(masked)

/** Shorter values would hide half of every log. */
const minLength = 6

/**
 * Finds a set of secrets, in any form that they take in a log. The first three bytes of each pattern, hashed, are
 * bits of a small table, so that a byte costs one look whatever the number of secrets.
 */
export class Mask {
  private readonly table = new Uint8Array(8192)
  private readonly patterns = new Map<number, Buffer[]>()
  readonly empty: boolean
  /** Bytes of the longest pattern. */
  readonly longest: number

  constructor(values: readonly string[]) {
    const forms = new Set(values.flatMap(formsOf))
    this.empty = forms.size === 0
    let longest = 0
    for (const form of forms) {
      const bytes = Buffer.from(form)
      longest = Math.max(longest, bytes.length)
      const hash = hashAt(bytes, 0)
      this.table[hash >> 3] = (this.table[hash >> 3] as number) | (1 << (hash & 7))
      const same = this.patterns.get(hash)
      if (same === undefined) this.patterns.set(hash, [bytes])
      else same.push(bytes)
    }
    for (const same of this.patterns.values()) same.sort((a, b) => b.length - a.length)
    this.longest = longest
  }

  /** Start and end of the first occurrence at or after `from`, or undefined. The longest of those that begin there. */
  find(bytes: Buffer, from: number, end: number): { start: number; end: number } | undefined {
    if (this.empty) return undefined
    for (let i = from; i + minLength <= end; i++) {
      const hash = hashAt(bytes, i)
      if (((this.table[hash >> 3] as number) & (1 << (hash & 7))) === 0) continue
      for (const pattern of this.patterns.get(hash) ?? []) {
        const to = i + pattern.length
        if (to <= end && pattern.compare(bytes, i, to) === 0) return { start: i, end: to }
      }
    }
    return undefined
  }

  /** The bytes with every occurrence replaced; the same buffer when there is none. */
  apply(bytes: Buffer): Buffer {
    let found = this.find(bytes, 0, bytes.length)
    if (found === undefined) return bytes
    const parts: Buffer[] = []
    let done = 0
    while (found !== undefined) {
      parts.push(bytes.subarray(done, found.start), maskedBytes)
      // Another occurrence may overlap the end of this one: what it covers goes too.
      let { end } = found
      for (let at = found.start + 1; at < end; at++) {
        const over = this.find(bytes, at, Math.min(bytes.length, end + this.longest))
        if (over === undefined || over.start >= end) break
        end = Math.max(end, over.end)
        at = over.start
      }
      done = end
      found = this.find(bytes, done, bytes.length)
    }
    parts.push(bytes.subarray(done))
    return Buffer.concat(parts)
  }

  applyText(text: string): string {
    if (this.empty) return text
    const bytes = Buffer.from(text)
    const result = this.apply(bytes)
    return result === bytes ? text : result.toString()
  }

  /** Every string, key and number of a JSON value. */
  applyValue(value: unknown): unknown {
    if (typeof value === 'string') return this.applyText(value)
    if (typeof value === 'number') return this.applyText(String(value)) === String(value) ? value : masked
    if (Array.isArray(value)) return value.map((item) => this.applyValue(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.applyText(key), this.applyValue(item)]))
  }
}

function hashAt(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) ^ ((bytes[at + 1] as number) << 5) ^ ((bytes[at + 2] as number) << 8)) & 0xffff
}

function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim())
  return [secret.trim(), ...lines].filter((line) => Buffer.byteLength(line) >= minLength).flatMap(encodingsOf)
}

function encodingsOf(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const url = encodeURIComponent(value)
  const forms = [
    value,
    cleanText(value),
    json,
    json.replaceAll('/', '\\/'),
    url,
    url.replaceAll('%20', '+'),
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    encodeURI(value),
    ...base64Of(value),
  ]
  // A line break can only be the platform's own end of line.
  return forms.filter((form) => !form.includes('\n') && Buffer.byteLength(form) >= minLength)
}

/**
 * Inside a longer base64 text (`user:secret` of basic authorization) a value looks different at each of the three
 * alignments; the characters at its edges depend on its neighbours and are left out.
 */
function base64Of(value: string): string[] {
  const whole = Buffer.from(value).toString('base64')
  const forms = [whole, whole.replace(/=+$/, '')]
  for (const before of [0, 1, 2]) {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)])
    const text = bytes.toString('base64').replace(/=+$/, '')
    const start = Math.ceil((before * 4) / 3)
    const end = Math.floor((bytes.length * 4) / 3)
    // Too short a piece would match by chance.
    if (end - start >= 8) forms.push(text.slice(start, end))
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')])
}
