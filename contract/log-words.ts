/** What browsers need of contract/logs.ts without its schemas, which are heavy. */

/** `stdout` and `stderr` are the service's own; `build` is its build's output; `platform` is what the platform says of it. */
export const logStreams = ['stdout', 'stderr', 'build', 'platform'] as const

/** In order of weight, so that a level's place in the list compares. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

export function isLogGap<Entry extends object>(entry: Entry): entry is Extract<Entry, { gap: number }> {
  return 'gap' in entry
}
