import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'

/**
 * RFC 5321 §4.1.2 without quotes and address literals, at most 254 characters (§4.5.3.1.3). ASCII only, without a dot at the end, so that
 * two addresses that look or count the same are the same account. An international domain is written as `xn--…`.
 */
const address =
  /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i
export const emailAddress = z.string().trim().max(254).regex(address, 'this is not an email address')

/** What hides, or turns the direction of what stands around it, helps nobody but who wants to look like somebody else. */
const hidden = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u
const shown = (text: string): boolean => text.isWellFormed() && !hidden.test(text)
export const displayName = z.string().trim().min(1).max(100).refine(shown, 'a name cannot contain invisible characters')
/** Mail programs make links of these, also where they stand in a name. */
const linkLike = /:\/\/|www\.|[\p{L}\p{N}][.\u3002\uff0e\uff61]\p{L}{2,}/iu
/** Of a person: what stands for an address stands where addresses do. */
export const personName = displayName
  .refine((name) => !name.includes('@'), 'a name cannot contain @')
  .refine(
    (name) => !linkLike.test(name),
    'a name cannot be a link or a host name: remove ://, and put a space after each dot',
  )
/** As a provider gives it; undefined when nothing of it can be shown. */
export const nameFrom = (given: string): string | undefined =>
  given
    .toWellFormed()
    .replace(new RegExp(hidden, 'gu'), '')
    .replace(/[@:/]/g, ' ')
    .replace(/[.\u3002\uff0e\uff61](?=\S)/g, '. ')
    .trim()
    .slice(0, 100)
    .trim() || undefined

/** For somebody who gave no name: `ann.lee@example.com` is `ann lee`. */
export const nameOfAddress = (email: string): string =>
  (email.split('@')[0] ?? '').replaceAll('.', ' ').trim() || 'nobody'

/** A password as given: hashed whole, so only as long as hashing it is cheap. */
export const password = z.string().min(1).max(1024)

const shortest = 8

/** NIST SP 800-63B §5.1.1.2: length counts, composition rules do not help. */
export function newPassword(given: string, field = 'password'): string {
  if (given.length >= shortest && new Set(given).size > 3) return given
  throw new PlatformError('bad_request', `a password needs at least ${shortest} characters, not all the same`, {
    field,
    fix: 'Choose a longer one.',
  })
}
