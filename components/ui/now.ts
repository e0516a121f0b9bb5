'use client'
import { useSyncExternalStore } from 'react'

/** One clock for each pace, running only while something shows it. */
function makeClock(everyMs: number) {
  const listeners = new Set<() => void>()
  let now = Date.now()
  let timer: ReturnType<typeof setInterval> | undefined
  return {
    subscribe(listener: () => void) {
      listeners.add(listener)
      timer ??= setInterval(() => {
        now = Date.now()
        for (const each of listeners) each()
      }, everyMs)
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
    read() {
      // While nothing subscribes the clock stands still: a first reader must not see an old time.
      if (listeners.size === 0 && Date.now() - now > everyMs) now = Date.now()
      return now
    },
  }
}

const clocks = { slow: makeClock(10_000), fast: makeClock(100) }

/** The time, moving every 10 s (`slow`, for "3 min ago") or 100 ms (`fast`, for what is under way). */
export function useNow(pace: keyof typeof clocks = 'slow'): number {
  const clock = clocks[pace]
  return useSyncExternalStore(clock.subscribe, clock.read, clock.read)
}
