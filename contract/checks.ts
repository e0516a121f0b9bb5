import { z } from 'zod'

/** What was looked at of the platform's own health, and what to do where it is not well. */
export const check = z.object({
  /** `database`, `gateway`, `disk`, … */
  name: z.string(),
  /** `warn`: it works, and will not for long. */
  state: z.enum(['ok', 'warn', 'bad']),
  says: z.string(),
  fix: z.string().nullable(),
})
export type Check = z.infer<typeof check>

const order = { ok: 0, warn: 1, bad: 2 } as const

/** The worst of them; `ok` when there are none. */
export const worst = (checks: readonly Check[]): Check['state'] =>
  checks.reduce<Check['state']>((state, each) => (order[each.state] > order[state] ? each.state : state), 'ok')

const gib = 2 ** 30

/** @param space as statfs(2) gives it */
export function judgeDisk(
  home: string,
  { bavail, blocks, bsize }: { bavail: number; blocks: number; bsize: number },
): Check {
  const free = bavail * bsize
  const share = blocks === 0 ? 1 : bavail / blocks
  const state = free < gib / 2 || share < 0.01 ? 'bad' : free < 2 * gib || share < 0.05 ? 'warn' : 'ok'
  return {
    name: 'disk',
    state,
    says: `${(free / gib).toFixed(1)} GiB free (${Math.floor(share * 100)} %)`,
    fix:
      state === 'ok'
        ? null
        : `Free space on the disk of ${home}. Logs and builds of services use most of it; their limits are in the service settings.`,
  }
}
