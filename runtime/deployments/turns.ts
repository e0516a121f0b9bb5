import { cpus } from 'node:os'
import { PlatformError } from '#contract/errors.ts'
import { FairTurns } from '../builds/fair-turns.ts'
import type { Plan } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'

/** Starting takes a processor: more at once would be slower, for them and for what runs already. */
const starts = new FairTurns(2 * cpus().length)
/** What arrives is unpacked and recorded by the process that answers everybody: who only looks at something waits for these few. */
const arrivals = new FairTurns(2 * cpus().length)
/** Whoever takes longer than this waits for something else than a processor. */
const turnMs = 5_000

/** Does the work, in which `turn` is to be awaited before anything is started. What takes the place of a spare need not wait. */
export async function inTurn<T>(
  { places }: Platform,
  plan: Plan,
  signal: AbortSignal,
  work: (turn: () => Promise<void>) => Promise<T>,
): Promise<T> {
  let give = () => {}
  try {
    return await work(async () => {
      if (!places.instances.spares.has(plan)) give = await take(starts, plan.teamId, signal)
    })
  } finally {
    give()
  }
}

/** Does what is to be done with an upload; one that comes slowly keeps nobody waiting for long. */
export async function onArrival<T>(teamId: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const give = await take(arrivals, teamId, signal).catch((cause: unknown) => {
    throw new PlatformError('cancelled', 'who sent it has gone', {}, { cause })
  })
  try {
    return await work()
  } finally {
    give()
  }
}

/** Resolves to what ends the turn, which also ends by itself. */
async function take(turns: FairTurns, teamId: string, signal: AbortSignal): Promise<() => void> {
  await turns.take(teamId, signal)
  let given = false
  const give = () => {
    clearTimeout(late)
    if (!given) turns.give(teamId)
    given = true
  }
  const late = setTimeout(give, turnMs).unref()
  return give
}
