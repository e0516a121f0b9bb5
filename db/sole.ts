import { setTimeout as pause } from 'node:timers/promises'
import { connect, type ConnectionOptions } from './open.ts'

/** Any number, the same for every installation. */
const lock = 4_360_362
/** One that was killed a moment ago may not be gone for the server yet. */
const usualPatienceMs = 10_000

/**
 * Makes this installation the only one on its database, for as long as it runs: a lock that a connection of its own holds. The
 * server forgets it whenever it starts again, so it is taken again then; `onTaken` when another was faster.
 * @throws Error when another installation has it
 */
export async function becomeSole(
  options: ConnectionOptions,
  onTaken: (error: Error) => void,
  patienceMs = usualPatienceMs,
): Promise<AsyncDisposable> {
  let closed = false
  let taking = false
  const sql = connect(options, 1, { idleMs: 0, onClose: () => void retake() })

  async function retake(): Promise<void> {
    if (closed || taking) return
    taking = true
    try {
      while (!closed) {
        const taken = await take().then(
          () => undefined,
          (error: Error) => error,
        )
        if (taken === undefined) return
        if (taken instanceof Taken) return onTaken(taken)
        await pause(200)
      }
    } finally {
      taking = false
    }
  }

  async function take(): Promise<void> {
    for (const deadline = performance.now() + patienceMs; ;) {
      const [row] = await sql<{ held: boolean }[]>`select pg_try_advisory_lock(${lock}) as held`
      if (row?.held) return
      if (performance.now() > deadline) throw new Taken('another installation of M3O uses this database')
      await pause(200)
    }
  }

  taking = true
  try {
    await take()
  } catch (error) {
    closed = true
    await sql.end({ timeout: 0 })
    throw error
  }
  taking = false
  return {
    async [Symbol.asyncDispose]() {
      closed = true
      await sql.end({ timeout: 1 })
    },
  }
}

class Taken extends Error {}
