import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import type { LogFilter, LogPageQuery, Page } from '#contract/logs.ts'
import { renameDurably } from '#sdk/compile/durable.ts'
import { appendLines, type PlatformLine } from './append.ts'
import { followLogs, type FollowFrom } from './follow.ts'
import { Journal } from './journal.ts'
import type { PaceLimits } from './pace.ts'
import { readPage } from './read.ts'
import { targetKey, type LogTarget, type StoredEntry } from './record.ts'
import { applyRetention, type Retention } from './retention.ts'
import { type LogSource, Sources } from './sources.ts'
import { type Volume, volumeOf, type VolumeQuery } from './volume.ts'

export interface LogsOptions {
  /** Folder of the logs: `{dir}/{serviceId}/{environmentId}/`. */
  dir: string
  now?: () => number
  /** By target, as a plan may give more or less; 1 GiB and 30 days each otherwise. */
  retention?: (target: LogTarget) => Retention
  /** Unread output of one instance that may wait on disk. */
  quotaBytes?: number
  /** For tests and benchmarks. */
  segmentBytes?: number
  pace?: PaceLimits
  /** Something that an operator should know: disk full, no inotify left. */
  warn?: (message: string, details: Record<string, unknown>) => void
}

export interface Logs {
  /** Begins, or goes on, storing what the instance writes. Goes on exactly after the last line stored. */
  attach(source: LogSource): Promise<void>
  /** With `drain` reads to the end first. The files stay where they are: they are the engine's. */
  detach(instanceId: string, options?: { drain?: boolean }): Promise<void>
  /** Resolves once the lines are on disk, with the seq of the last one. */
  append(target: LogTarget, lines: PlatformLine | readonly PlatformLine[]): Promise<number>
  read(targets: readonly LogTarget[], query?: LogPageQuery): Promise<Page<StoredEntry>>
  /** How many lines there are over time. */
  volume(targets: readonly LogTarget[], query: VolumeQuery): Promise<Volume>
  /** Batches without end, until the signal; a slow reader is waited for, never buffered for. */
  follow(
    targets: readonly LogTarget[],
    filter: LogFilter,
    from: FollowFrom,
    signal: AbortSignal,
  ): AsyncIterable<StoredEntry[]>
  /** Seq of the newest record; 0 when there is none. */
  lastSeq(target: LogTarget): Promise<number>
  /** Deletes what is over size or age. Runs by itself every minute. */
  retain(): Promise<void>
  /** Deletes the logs of a service, or those of it in one environment. */
  delete(serviceId: string, environmentId?: string): Promise<void>
  /** The log of a service in one environment becomes that in another, which must have none; nothing may be writing it. */
  move(serviceId: string, from: string, to: string): Promise<void>
  /** Stores what has been read, closes every file. The sources go on being written. */
  close(): Promise<void>
}

const retainEveryMs = 60_000

export async function openLogs(options: LogsOptions): Promise<Logs> {
  const { dir, now = Date.now, warn = () => {}, segmentBytes } = options
  const journals = new Map<string, Promise<Journal>>()
  /** Deleted logs, by service or target: a line or a reader that comes late must not create them again. Ids are never reused. */
  const deleted = new Set<string>()

  const journalOf = async (target: LogTarget): Promise<Journal> => {
    const key = targetKey(target)
    if (deleted.has(target.serviceId) || deleted.has(key))
      throw new PlatformError('not_found', 'this log was deleted together with its service or environment')
    let journal = journals.get(key)
    if (journal === undefined) {
      journal = Journal.open(join(dir, safeName(target.serviceId), safeName(target.environmentId)), target, {
        now,
        warn,
        ...(segmentBytes !== undefined && { segmentBytes }),
      })
      journals.set(key, journal)
      journal.catch(() => journals.delete(key))
    }
    return journal
  }
  const journalsOf = (targets: readonly LogTarget[]) => Promise.all(targets.map(journalOf))
  const sources = new Sources({ ...options, now, warn, journalOf })
  const retain = async () => {
    for (const target of await storedTargets(dir)) {
      await applyRetention(await journalOf(target), { retention: options.retention?.(target), now: now() })
    }
  }
  const timer = setInterval(
    () => void retain().catch((error: unknown) => warn('old logs cannot be deleted', { error: String(error) })),
    retainEveryMs,
  )
  timer.unref()

  return {
    attach: (source) => sources.attach(source),
    detach: (instanceId, { drain = false } = {}) => sources.detach(instanceId, drain),
    append: async (target, lines) =>
      appendLines(await journalOf(target), Array.isArray(lines) ? lines : [lines as PlatformLine], now()),
    read: async (targets, query = {}) => readPage(await journalsOf(targets), query),
    volume: async (targets, query) => volumeOf(await journalsOf(targets), query),
    async *follow(targets, filter, from, signal) {
      yield* followLogs(await journalsOf(targets), filter, { from, signal })
    },
    lastSeq: async (target) => (await journalOf(target)).lastSeq,
    retain,
    async delete(serviceId, environmentId) {
      deleted.add(environmentId === undefined ? serviceId : targetKey({ serviceId, environmentId }))
      for (const [key, opened] of journals) {
        const journal = await opened
        if (
          journal.target.serviceId !== serviceId ||
          (environmentId ?? journal.target.environmentId) !== journal.target.environmentId
        )
          continue
        await sources.detachAll(journal)
        journals.delete(key)
        await journal.delete()
      }
      await rm(join(dir, safeName(serviceId), ...(environmentId === undefined ? [] : [safeName(environmentId)])), {
        recursive: true,
        force: true,
      })
    },
    async move(serviceId, from, to) {
      for (const environmentId of [from, to]) {
        const key = targetKey({ serviceId, environmentId })
        const journal = await journals.get(key)
        if (journal === undefined) continue
        await sources.detachAll(journal)
        journals.delete(key)
        await journal.close()
      }
      const folder = join(dir, safeName(serviceId))
      if (!existsSync(join(folder, safeName(from)))) return
      // A reader that looked there too early left an empty one.
      await rm(join(folder, safeName(to)), { recursive: true, force: true })
      await renameDurably(join(folder, from), join(folder, to))
    },
    async close() {
      clearInterval(timer)
      await sources.close()
      for (const journal of await Promise.all(journals.values())) await journal.close()
    },
  }
}

async function storedTargets(dir: string): Promise<LogTarget[]> {
  const list = (path: string) => readdir(path).catch(() => [] as string[])
  const targets: LogTarget[] = []
  for (const serviceId of await list(dir))
    for (const environmentId of await list(join(dir, serviceId))) targets.push({ serviceId, environmentId })
  return targets
}

/** Ids are the platform's own, but a path is never made of what was not looked at. */
function safeName(id: string): string {
  if (!/^[\w-]{1,80}$/.test(id)) throw new PlatformError('bad_request', 'invalid id of a service or an environment')
  return id
}
