import { Misuse } from './misuse.ts'

/** All of standard input; one trailing newline is dropped, as `echo` and here-strings add it. */
export async function readInput(): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}

const units = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** "10m" before now, or a date; in milliseconds since the epoch. */
export function parseSince(text: string, now = Date.now()): number {
  const duration = parseDuration(text)
  return duration === undefined ? parseDate(text) : now - duration
}

/** "30d" from now, or a date to come. */
export function parseExpiry(text: string, now = Date.now()): number {
  const duration = parseDuration(text)
  const at = duration === undefined ? parseDate(text) : now + duration
  if (at <= now) throw new Misuse(`${text} is not in the future`, 'Give a duration such as 30d, or a future date.')
  return at
}

function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|min|m|h|d|w)$/.exec(text.trim()) ?? []
  return amount === undefined ? undefined : Number(amount) * units[unit as keyof typeof units]
}

function parseDate(text: string): number {
  // Date.parse takes a bare number for a year, or a month.
  const date = /^\d+$/.test(text.trim()) ? Number.NaN : Date.parse(text)
  if (Number.isNaN(date))
    throw new Misuse(`not a duration or a date: ${text}`, 'Give one such as 10m, 2h, 3d or 2026-11-23T10:00.')
  return date
}

export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new Misuse(`not a whole number: ${text}`, 'Give digits only.')
}
