import type { EventLoopUtilization } from 'node:perf_hooks'

/** Share of the time between two looks in which a process that counts as quiet did something. */
const quietShare = 0.01
const worthBytes = 4 << 20

/**
 * Gives back what a process that is quiet does not need. V8 collects when memory is asked for: one that asks for none keeps what
 * its start has left, a quarter of its heap. A collection takes tens of milliseconds, so it waits until nobody has asked
 * anything for a while, and until enough has come together since the last one. The timer keeps no process alive, and what it needs
 * is loaded by its first turn: the start does not pay for it.
 */
export function restWhenQuiet(lookEveryMs = 15_000): void {
  let collect: (() => void) | undefined
  let left = 0
  let before: EventLoopUtilization | undefined
  setInterval(() => {
    const { performance } = process.getBuiltinModule('node:perf_hooks')
    const { getHeapStatistics } = process.getBuiltinModule('node:v8')
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
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
  return process.getBuiltinModule('node:vm').runInNewContext('gc') as () => void
}
