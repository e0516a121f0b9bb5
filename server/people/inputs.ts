import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'

/** RFC 5321 §4.5.3.1.3 allows 254 characters; whether it exists, nobody can know here. */
export const emailAddress = z.string().trim().max(254).regex(/^[^\s@"<>,;:\\]+@[^\s@"<>,;:\\]+$/, 'this is not an email address')
export const displayName = z.string().trim().min(1).max(100)
/** A password as given: hashed whole, so only as long as hashing it is cheap. */
export const password = z.string().min(1).max(1024)

const shortest = 8

/** NIST SP 800-63B §5.1.1.2: length counts, composition rules do not help. */
export function newPassword(given: string, field = 'password'): string {
  if (given.length >= shortest && new Set(given).size > 3) return given
  throw new PlatformError('bad_request', `a password has at least ${shortest} characters, not all the same`, { field, fix: 'Choose a longer one.' })
}
