import { randomBytes } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

const prefixes = {
  user: 'u',
  session: 'ss',
  team: 't',
  invitation: 'inv',
  token: 'tk',
  service: 's',
  environment: 'e',
  deployment: 'd',
  promotion: 'pr',
  request: 'rq',
  instance: 'i',
  build: 'b',
  variable: 'v',
  upload: 'up',
  terminal: 'tty',
  snapshot: 'vs',
  operation: 'op',
  message: 'm',
} as const
export type IdKind = keyof typeof prefixes

/**
 * An immutable id: prefix, 9 characters of milliseconds and 12 random ones (60 bits), in Crockford's base 32, so that
 * ids sort by age and can stand in a file name, a host label or a URL.
 */
export function newId(kind: IdKind, now = Date.now()): string {
  let time = ''
  for (let rest = now; time.length < 9; rest = Math.floor(rest / 32)) time = alphabet[rest % 32] + time
  const random = Array.from(randomBytes(12), (byte) => alphabet[byte % 32]).join('')
  return `${prefixes[kind]}_${time}${random}`
}
