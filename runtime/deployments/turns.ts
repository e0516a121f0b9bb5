import { cpus } from 'node:os'
import { FairTurns } from '../builds/fair-turns.ts'
import type { Plan } from '../instances/plan.ts'
import type { Platform } from '../platform.ts'

/** Starting takes a processor: more at once would be slower, for them and for what runs already. */
const turns = new FairTurns(2 * cpus().length)
/** Whoever takes longer than this waits for something else than a processor. */
const turnMs = 5_000

/** Does the work, in which `turn` is to be awaited before anything is started. What takes the place of a spare need not wait. */
export async function inTurn({ places }: Platform, plan: Plan, signal: AbortSignal, work: (turn: () => Promise<void>) => Promise<void>): Promise<void> {
  let give = () => {}
  try {
    await work(async () => {
      if (places.instances.spares.has(plan)) return
      await turns.take(plan.teamId, signal)
      const late = setTimeout(() => give(), turnMs).unref()
      give = () => {
        give = () => {}
        clearTimeout(late)
        turns.give(plan.teamId)
      }
    })
  } finally {
    give()
  }
}
