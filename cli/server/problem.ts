/**
 * What stops the platform from starting, said in one line to whoever started it; the process ends with 1.
 * The cause, if any, belongs in a log and not on the console.
 */
export class Problem extends Error {
  override readonly name = 'Problem'
}

/** The one line of whatever was thrown. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  return text.replace(/\s*\n\s*/g, ' ').trim()
}
