import { beyondBound, logLineBound } from '#contract/bounds.ts'
import type { LogLevel } from '#contract/logs.ts'
import { levelFrom } from './level.ts'

export interface JsonLine {
  text: string
  level: LogLevel | undefined
  /**
   * What the line says besides; the trace id is still in it, see {@link splitTrace}. What was taken out is undefined,
   * which JSON leaves out: deleting a property makes the whole object slow.
   */
  rest: Record<string, unknown>
}

/** A structured line, or undefined when it is not a JSON object. */
export function parseJsonLine(line: string): JsonLine | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  if (mayBeLarge(line) && beyondBound(value, logLineBound) !== undefined) return undefined
  const rest = value as Record<string, unknown>
  let level: LogLevel | undefined
  for (const key of ['level', 'severity', 'lvl']) {
    level = levelFrom(rest[key])
    if (level === undefined) continue
    rest[key] = undefined
    break
  }
  let text = line.trim()
  for (const key of ['msg', 'message']) {
    const message = rest[key]
    if (typeof message !== 'string') continue
    text = message
    rest[key] = undefined
    break
  }
  return { text, level, rest }
}

/** Nearly all lines are short and flat: those are not looked at any closer. */
function mayBeLarge(line: string): boolean {
  return (
    line.length > 2 * logLineBound.values ||
    counts(line, '{', logLineBound.depth / 2) ||
    counts(line, '[', logLineBound.depth / 2)
  )
}

function counts(line: string, character: string, most: number): boolean {
  let count = 0
  for (let at = line.indexOf(character); at >= 0; at = line.indexOf(character, at + 1)) if (++count > most) return true
  return false
}

/** The trace id among the fields. Kept there when stored, so that a line is searched as it was written. */
export function splitTrace(rest: Record<string, unknown>): { trace?: string; fields?: Record<string, unknown> } {
  for (const key of ['trace', 'trace_id', 'traceId']) {
    const trace = rest[key]
    if (typeof trace !== 'string' || trace === '' || trace.length > 128) continue
    const { [key]: _, ...fields } = rest
    return { trace, ...(Object.keys(fields).length > 0 && { fields }) }
  }
  return { fields: rest }
}
