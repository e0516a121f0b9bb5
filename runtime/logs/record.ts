import type { LogEntry, LogLevel, LogStream } from '#contract/logs.ts'

/** Whose log it is. Ids, as everything stored: names may change. */
export interface LogTarget {
  serviceId: string
  environmentId: string
}

/** A record as the store has it. */
export interface StoredRecord extends LogTarget {
  kind: 'record'
  seq: number
  /** Milliseconds since 1970; never goes back within one log. */
  time: number
  revision: string | null
  instanceId: string | null
  stream: LogStream
  level: LogLevel
  text: string
  fields?: Record<string, unknown>
  trace?: string
}

/** A mark where lines are missing. */
interface StoredGap extends LogTarget {
  kind: 'gap'
  /** How many lines; 0 when it cannot be known. */
  gap: number
  why: string
  /** The last seq before the missing lines; they have no numbers themselves, unless they were deleted. */
  after: number
  time: number
}

export type StoredEntry = StoredRecord | StoredGap

export function targetKey(target: LogTarget): string {
  return `${target.serviceId}/${target.environmentId}`
}

/** The edge: ids become the names that people know. */
export function namedEntry(
  entry: StoredEntry,
  names: (target: LogTarget) => { service: string; environment: string },
): LogEntry {
  const { service, environment } = names(entry)
  const time = new Date(entry.time).toISOString()
  if (entry.kind === 'gap') return { gap: entry.gap, why: entry.why, service, environment, after: entry.after, time }
  return {
    seq: entry.seq,
    time,
    service,
    environment,
    revision: entry.revision,
    instance: entry.instanceId,
    stream: entry.stream,
    level: entry.level,
    text: entry.text,
    ...(entry.fields !== undefined && { fields: entry.fields }),
    ...(entry.trace !== undefined && { trace: entry.trace }),
  }
}
