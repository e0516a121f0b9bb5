import { setTimeout as delay } from 'node:timers/promises'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'

/*
 * A deployment may be what stops the runtime: its work uses up the memory, or never gives the thread back. Resumed after each
 * start, it would stop the platform for all. So each is counted, before it is resumed: the first time all are, side by side;
 * those that were under way again when it stopped are resumed one at a time, which tells the cause from those that were only there at the
 * same moment; and what was alone when it stopped once more is not tried again.
 */

/** How often one is resumed at most. */
const mostResumed = 2
/** What has been resumed alone for so long does not stop the platform at once; the next one is begun beside it. */
const aloneMs = 15_000

/** What is known of the runtime before this one. */
export interface Recovery {
  /** It did not stop in order: something that was under way may have stopped it. */
  killed: boolean
  /** Those that may have are resumed one at a time, deployments and promotions together. */
  suspects: OneAtATime
  /** Nothing is resumed before that: who is to notice that it hangs has seen it answer. */
  begin: Promise<unknown>
}

/** Does the work when its turn has come. */
export type Turn = (work: () => Promise<void>) => Promise<void>

/** When one is resumed, and counted before that; whoever was resumed before is told from the others by being resumed alone. */
export function resumption(
  { resumed }: { resumed: number },
  { killed, suspects, begin }: Recovery,
  count: () => Promise<void>,
): Turn {
  const counted = (work: () => Promise<void>) => async () => {
    if (killed) await count()
    await work()
  }
  return (work) => begin.then(() => (killed && resumed > 0 ? suspects.run(counted(work)) : counted(work)()))
}

/** Why one is not resumed; undefined when it may be. */
export function whyParked({ resumed }: { resumed: number }): PlatformError | undefined {
  if (resumed < mostResumed) return undefined
  return new PlatformError(
    'internal',
    `the platform stopped each of the ${resumed + 1} times that it worked on this, so it is not tried again`,
    {
      fix: 'Deploy an earlier revision. Tell an operator: the last lines of the platform’s own log may say why.',
      data: { resumed },
    },
  )
}

/** Does one thing after the other; one that takes long is not waited for to its end. */
export class OneAtATime {
  #before: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#before.then(work)
    this.#before = this.#before.then(() =>
      Promise.race([mine.catch(() => {}), delay(aloneMs, undefined, { ref: false })]),
    )
    return mine
  }
}

const markOf = (home: string): string => join(home, 'run/runtime.stopped')

/** Whether the last runtime was killed rather than told to stop; so will be this one, until {@link noteStopped}. */
export async function wasKilled(home: string): Promise<boolean> {
  return rm(markOf(home)).then(
    () => false,
    () => true,
  )
}

/** It lets go of everything in order: what is under way is not to blame. */
export async function noteStopped(home: string): Promise<void> {
  await writeFile(markOf(home), '')
}
