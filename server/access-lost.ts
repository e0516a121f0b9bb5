import { type ErrorCode, isPlatformError, type PlatformError } from '#contract/errors.ts'

const lost: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'forbidden', 'not_found', 'environment_gone'])

/**
 * Whether somebody who is asked for again may not have what is open any more: it ends. Anything else, such as a runtime that
 * is away, is no reason to end it. The one rule of everything that stays open: subscriptions, terminals, laptops.
 */
export const isAccessLost = (error: unknown): error is PlatformError => isPlatformError(error) && lost.has(error.code)
