import { setTimeout as delay } from 'node:timers/promises'

/** Asks again and again until the answer is neither undefined nor false. @throws naming what was waited for, and `why` it did not come */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  { withinMs = 15_000, everyMs = 50, why = () => '' }: { withinMs?: number; everyMs?: number; why?: () => string } = {},
): Promise<Exclude<T, undefined | false>> {
  for (const deadline = performance.now() + withinMs; ;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms ${why()}`)
    await delay(everyMs)
  }
}

/** As `until`, also while asking fails. */
export function untilPossible<T>(
  what: string,
  ask: () => Promise<T>,
  options: { withinMs?: number; everyMs?: number } = {},
): Promise<Exclude<T, undefined | false>> {
  let last: unknown = ''
  return until(what, () => ask().catch((error: unknown) => void (last = error)), {
    ...options,
    why: () => String(last),
  }) as Promise<Exclude<T, undefined | false>>
}
