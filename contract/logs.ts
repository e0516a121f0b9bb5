import { z } from 'zod'
import { logLevels, logStreams } from './log-words.ts'

const logStream = z.enum(logStreams)
export type LogStream = z.infer<typeof logStream>

const logLevel = z.enum(logLevels)
export type LogLevel = z.infer<typeof logLevel>

/**
 * One line of a service (a stack trace, and a JSON line, is one record). This is what `m3o logs --json` prints.
 * `seq` counts from 1 without holes for one service in one environment; `time` is ISO 8601 with milliseconds.
 * A line longer than 64 KiB is several records, with `fields.part` `first`, `middle` and `last`.
 */
const logRecord = z.object({
  seq: z.number().int().positive(),
  time: z.iso.datetime(),
  service: z.string(),
  environment: z.string(),
  revision: z.string().nullable(),
  instance: z.string().nullable(),
  stream: logStream,
  level: logLevel,
  text: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
  trace: z.string().optional(),
})
export type LogRecord = z.infer<typeof logRecord>

/** Stands where lines are missing. `gap` is how many, 0 when nobody can know (the service truncated its own output). */
const logGap = z.object({
  gap: z.number().int().nonnegative(),
  why: z.string(),
  /** The record before it and the first one after it: of which service, and where a viewer goes on. */
  service: z.string().optional(),
  environment: z.string().optional(),
  after: z.number().int().nonnegative().optional(),
  time: z.iso.datetime().optional(),
})
export type LogGap = z.infer<typeof logGap>

export const logEntry = z.union([logRecord, logGap])
export type LogEntry = z.infer<typeof logEntry>

const pattern = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^\n\r\0]*$/, 'search matches single lines: remove the line break')

/**
 * One condition on the text. `regex` is in Rust's syntax (https://docs.rs/regex), which is linear in time, and is tried
 * on each line of a record; both look at the text and at the fields as JSON. Case counts in a regex (`(?i)` to ignore
 * it), and in a text only with `case`.
 */
const logMatch = z
  .object({
    text: pattern.optional(),
    regex: pattern.optional(),
    case: z.boolean().optional(),
    not: z.boolean().optional(),
  })
  .refine((match) => (match.text === undefined) !== (match.regex === undefined), 'set either text or regex')
export type LogMatch = z.infer<typeof logMatch>

/** What a reader wants to see; all that is given must hold. */
export const logFilter = z.object({
  match: z.array(logMatch).max(10).optional(),
  /** This level and everything heavier. */
  level: logLevel.optional(),
  /** Only these levels. */
  levels: z.array(logLevel).optional(),
  stream: z.array(logStream).optional(),
  instance: z.array(z.string()).max(200).optional(),
  revision: z.array(z.string()).max(200).optional(),
  trace: z.string().optional(),
  /** Milliseconds since 1970, both included. */
  since: z.number().optional(),
  until: z.number().optional(),
})
export type LogFilter = z.infer<typeof logFilter>

/** A page: `older` walks back from the newest, `newer` forward from the oldest, or from `cursor`. Entries come oldest first. */
export const logPageQuery = logFilter.extend({
  order: z.enum(['older', 'newer']).default('older'),
  /** Of one service: begins with this record instead of the newest, or oldest. */
  at: z.number().int().positive().optional(),
  /** Begins beyond these records, by `{service}/{environment}` as the lines say them; what it does not name begins at its end. */
  beyond: z.record(z.string(), z.number().int().min(0)).optional(),
  limit: z.number().int().min(1).max(10_000).default(200),
  cursor: z.string().optional(),
  /** The search answers by then with what it has, and a cursor to go on from. */
  budgetMs: z.number().int().min(10).max(30_000).default(5_000),
})
export type LogPageQuery = z.input<typeof logPageQuery>

export interface Page<Entry> {
  /** Oldest first. */
  entries: Entry[]
  /** Goes on in the same order; null when there is nothing further. */
  cursor: string | null
  /** False when the time was over before `limit` was reached: ask again with `cursor`. */
  complete: boolean
}
