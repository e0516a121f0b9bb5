import { PlatformError } from '#contract/errors.ts'

/** Said so that it cannot be understood: exit code 2. */
export class Misuse extends PlatformError {
  constructor(message: string, fix: string) {
    super('bad_request', message, { fix })
  }
}

/** All of standard input; one trailing newline is dropped, as `echo` and here-strings add it. */
export async function readInput(): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8').replace(/\r?\n$/, '')
}

const units = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** "10m" before now, or a date; in milliseconds since the epoch. */
export function parseSince(text: string, now = Date.now()): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|min|m|h|d|w)$/.exec(text.trim()) ?? []
  if (amount !== undefined) return now - Number(amount) * units[unit as keyof typeof units]
  const date = Date.parse(text)
  if (Number.isNaN(date)) throw new Misuse(`${text} is neither a duration nor a date`, 'Give one such as 10m, 2h, 3d or 2026-11-23T10:00.')
  return date
}

/** "30d" from now. */
export function parseExpiry(text: string, now = Date.now()): number {
  return now + (now - parseSince(text, now))
}

export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new Misuse(`${text} is no whole number`, 'Give digits only.')
}
