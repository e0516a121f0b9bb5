import { performance } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const lookEveryMs = 15_000
/** Share of that time in which a process that counts as quiet did something. */
const quietShare = 0.01
const worthBytes = 4 << 20

/**
 * Gives back what a process that is quiet does not need. V8 collects when memory is asked for: one that asks for none keeps what
 * its start has left, a quarter of its heap. A collection takes tens of milliseconds, so it waits until nobody has asked
 * anything for a while, and until enough has come together since the last one. The timer keeps no process alive.
 */
export function restWhenQuiet(): void {
  let collect: (() => void) | undefined
  let left = 0
  let before = performance.eventLoopUtilization()
  setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before)
    before = performance.eventLoopUtilization()
    if (utilization > quietShare || getHeapStatistics().total_physical_size - left < worthBytes) return
    collect ??= collector()
    collect()
    left = getHeapStatistics().total_physical_size
    before = performance.eventLoopUtilization()
  }, lookEveryMs).unref()
}

/** `gc`, without a flag on the command line. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
