import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const spinMs = 50

/**
 * How much longer work takes here at this moment than on a machine that does nothing else: 1 when nobody is in its way.
 * Limits of time are for such a machine, and are stretched by it.
 */
export async function busyness(): Promise<number> {
  const script = `const began = performance.now(); const before = process.cpuUsage(); let used = 0
    while (used < ${spinMs * 1_000}) { const { user, system } = process.cpuUsage(before); used = user + system }
    console.log((performance.now() - began) * 1000 / used)`
  const { stdout } = await run(process.execPath, ['-e', script])
  return Math.max(1, Number(stdout))
}

/** The larger half of what was measured decides little; the median says how it was. */
export const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1] ?? Number.NaN
