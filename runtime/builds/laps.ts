import type { PhasePart } from '#contract/states.ts'

/**
 * Measures one part of a phase after the other: each call ends the one that it names. In whole milliseconds rounded down, so that
 * they are never more than their phase together; one of none is left out.
 */
export function laps(parts: { push: (part: PhasePart) => unknown }): (name: PhasePart['name']) => void {
  let since = performance.now()
  return (name) => {
    const ms = Math.floor(performance.now() - since)
    since = performance.now()
    if (ms > 0) parts.push({ name, ms })
  }
}
