/** What one trial showed: `what` had to hold, `measured` says what was seen, with its unit. */
export interface Finding {
  what: string
  held: boolean
  measured: string
}

/**
 * Something that goes wrong on purpose, and what must hold through it. One file of this folder each, as its default export;
 * `npm run faults` runs it in a process of its own. `times` is how often a random instant is tried, so that the suite can take
 * a short look (`short`) at what is otherwise tried for long (`full`).
 * A fault yields each finding as soon as it is seen, cleans up with `await using`, and throws only when it could not be tried.
 */
export interface Fault {
  title: string
  /** Control groups, mounts or network namespaces. */
  needsRoot?: boolean
  full: number
  /** Absent: not part of `npm test`. */
  short?: number
  run: (times: number) => AsyncIterable<Finding>
}

export const fault = (it: Fault): Fault => it
