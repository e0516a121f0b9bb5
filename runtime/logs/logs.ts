import type { LogFilter, LogLevel, LogPageQuery, LogStream, Page } from '#contract/logs.ts'
import type { LogTarget, StoredEntry } from './record.ts'

export interface LogsOptions {
  /** Folder of the logs: `{dir}/{serviceId}/{environmentId}/`. */
  dir: string
  now?: () => number
  retention?: Retention
  /** Something that an operator should know: disk full, no inotify left. */
  warn?: (message: string, details: Record<string, unknown>) => void
}

export interface Retention {
  maxBytes: number
  maxAgeMs: number
}

/** A running copy whose output is to be kept. */
export interface LogSource extends LogTarget {
  instanceId: string
  revision: string | null
  /** O_APPEND files; they may not exist yet. */
  files: { stdout?: string; stderr?: string }
  /** Secret values, never to be stored. */
  mask?: readonly string[]
  /** A build's output is kept as the stream `build`, whichever file it came from. */
  stream?: LogStream
}

/** A line of the platform's own. */
export interface PlatformLine {
  stream: 'build' | 'platform'
  text: string
  level?: LogLevel
  revision?: string | null
  instanceId?: string | null
  fields?: Record<string, unknown>
  mask?: readonly string[]
}

export interface FollowFrom {
  /** So many of the newest first; 0 for only what comes from now on. */
  last?: number
  /** Or what follows this seq, by `targetKey`; it wins over `last` for the targets that it names. */
  after?: Readonly<Record<string, number>>
}

export interface Logs {
  /** Begins, or goes on, storing what the instance writes. Goes on exactly after the last line stored. */
  attach(source: LogSource): Promise<void>
  /** With `drain` reads to the end first. The files stay where they are: they are the engine's. */
  detach(instanceId: string, options?: { drain?: boolean }): Promise<void>
  /** Resolves once the lines are on disk, with the seq of the last one. */
  append(target: LogTarget, lines: PlatformLine | readonly PlatformLine[]): Promise<number>
  read(targets: readonly LogTarget[], query?: LogPageQuery): Promise<Page<StoredEntry>>
  /** Batches without end, until the signal; a slow reader is waited for, never buffered for. */
  follow(targets: readonly LogTarget[], filter: LogFilter, from: FollowFrom, signal: AbortSignal): AsyncIterable<StoredEntry[]>
  /** Seq of the newest record; 0 when there is none. */
  lastSeq(target: LogTarget): Promise<number>
  /** Deletes what is over size or age. Runs by itself every minute. */
  retain(): Promise<void>
  /** Deletes the logs of a service, or those of it in one environment. */
  delete(serviceId: string, environmentId?: string): Promise<void>
  /** Stores what has been read, closes every file. The sources go on being written. */
  close(): Promise<void>
}

export declare function openLogs(options: LogsOptions): Promise<Logs>
