import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import type { Named } from '#contract/names.ts'

/** Id of what somebody looked at and confirmed; absent: they went by its name alone. */
export const looked = z.string().max(64).optional()

/** A name may lead to another thing by now. @throws PlatformError `conflict` */
export function requireLookedAt(
  kind: Named,
  name: string,
  { id, looked: expected }: { id: string; looked: string | undefined },
): void {
  if (expected === undefined || expected === id) return
  throw new PlatformError('conflict', `${name} is no longer the ${kind} that you looked at`, {
    fix: 'Reload the page and check again.',
  })
}
