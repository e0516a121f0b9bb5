import { PlatformError } from '#contract/errors.ts'
import type { Person } from '#contract/records.ts'
import { codeLifeMs } from '../people/kept-codes.ts'
import type { Web } from '../web.ts'
import { cookieOf, giveCookie, type SignInExchange } from './cookies.ts'

type Parts = Pick<Web, 'settings' | 'codes' | 'people' | 'factor'>

/**
 * Who has given the first factor. When there is a second, nobody is signed in yet: a cookie says for whom it waits, and its
 * code is worth nothing but to be asked for the rest.
 * @returns whether the sign-in waits
 */
export async function waitForSecond(
  { settings, codes, factor }: Parts,
  exchange: SignInExchange,
  given: { person: Person; method: string },
): Promise<boolean> {
  if (!(await factor.isNeeded(given.person.id))) return false
  const code = await codes.make('second', { userId: given.person.id, data: { method: given.method } })
  giveCookie(exchange, settings, { name: settings.cookies.second, value: code, seconds: codeLifeMs.second / 1_000 })
  return true
}

/** Whose sign-in waits in this browser. */
export async function waiting(
  { settings, codes, people }: Parts,
  cookie: string | undefined,
): Promise<{ code: string; person: Person; method: string } | undefined> {
  const code = cookieOf(cookie, settings.cookies.second)
  const kept = code === undefined ? undefined : await codes.read(['second'], code)
  const person = kept?.userId == null ? undefined : await people.byId(kept.userId)
  return code === undefined || person === undefined ? undefined : { code, person, method: kept?.data.method ?? '' }
}

/** @throws PlatformError `unauthenticated` when none waits (any more) */
export async function requireWaiting(
  parts: Parts,
  cookie: string | undefined,
): Promise<{ code: string; person: Person; method: string }> {
  const found = await waiting(parts, cookie)
  if (found !== undefined) return found
  throw new PlatformError('unauthenticated', 'this sign-in has expired', { fix: 'Start again.' })
}

/** It does not wait any more: who comes second has lost. @throws PlatformError `unauthenticated` */
export async function endWaiting({ settings, codes }: Parts, exchange: SignInExchange, code: string): Promise<void> {
  giveCookie(exchange, settings, { name: settings.cookies.second, value: '', seconds: 0 })
  if ((await codes.take('second', code)) === undefined)
    throw new PlatformError('unauthenticated', 'this sign-in has expired', { fix: 'Start again.' })
}
