import { rm } from 'node:fs/promises'
import { logLevels, logStreams } from '#contract/log-words.ts'
import type { LogLevel, LogStream } from '#contract/logs.ts'
import { Batch } from './batch.ts'
import { Disk } from './disk.ts'
import { entrySize, kinds, parts, type Entry, type Kind } from './entry.ts'
import type { ParsedLine } from './lines.ts'
import type { LogTarget } from './record.ts'
import { cutToWhole } from './segment-writer.ts'
import {
  deleteSegment,
  listSegments,
  recoverSources,
  segmentPath,
  type RecoveredSource,
  type Segment,
  type SourceLabel,
} from './segment.ts'

const segmentBytes = 16 * 1024 * 1024
const segmentEntries = 400_000
const segmentSources = 60_000
/** So much may wait for the disk before sources are asked to wait. */
const maxPending = 8 * 1024 * 1024

export interface Source {
  readonly label: SourceLabel
  /** In the segment that is being written; -1 while it is not named there. */
  number: number
  /** Where it goes on after what has been recorded of it. */
  offset: number
  /** The same for what is safe on disk. */
  synced: number
}

interface Mark {
  offset: number
  time: number
  level: LogLevel
  stream: LogStream
  part?: number
  extra: number
}

export interface JournalOptions {
  now: () => number
  warn: (message: string, details: Record<string, unknown>) => void
  segmentBytes?: number
}

/** The log of one service in one environment: gives the numbers, writes, syncs, tells who follows. */
export class Journal {
  readonly target: LogTarget
  readonly dir: string
  /** Oldest first; the last is being written. Counts what can be read. */
  readonly segments: Segment[]
  deleted = false
  closed = false
  private readonly options: JournalOptions
  private readonly sources = new Map<string, Source>()
  private readonly batches: Batch[] = []
  private batch: Batch
  /** One for all entries: a hundred thousand a second are made of it. */
  private readonly scratch: Entry = {
    seq: 0,
    time: 0,
    end: 0,
    offset: 0,
    source: 0,
    kind: kinds.record,
    level: 0,
    stream: 0,
    part: 0,
    extra: 0,
  }
  private numbers = 0
  private readonly disk: Disk
  private seq: number
  private time: number
  private readonly listeners = new Set<() => void>()

  private constructor(dir: string, target: LogTarget, segments: Segment[], options: JournalOptions) {
    this.dir = dir
    this.target = target
    this.segments = segments
    this.options = options
    const active = segments.at(-1)
    if (active === undefined) throw new Error('a journal has a segment')
    this.seq = active.lastSeq
    this.time = active.lastTime
    this.batch = new Batch(active, active.entries, active.textBytes)
    this.disk = new Disk({
      dir,
      warn: options.warn,
      take: () => this.takeBatch(),
      written: (batch) => this.publish(batch),
    })
  }

  static async open(dir: string, target: LogTarget, options: JournalOptions): Promise<Journal> {
    const segments = await listSegments(dir)
    const active = segments.at(-1)
    if (active === undefined) {
      segments.push({ path: segmentPath(dir, 1), firstSeq: 1, entries: 0, textBytes: 0, lastTime: 0, lastSeq: 0 })
      return new Journal(dir, target, segments, options)
    }
    await cutToWhole(active)
    const journal = new Journal(dir, target, segments, options)
    // The newest may be new enough that not every source was named in it yet: the one before knows those.
    const before = segments.at(-2)
    journal.resume(before === undefined ? [] : await recoverSources(before), false)
    journal.resume(await recoverSources(active), true)
    for (const source of journal.sources.values()) if (source.number === -1) journal.name(source)
    return journal
  }

  private resume(recovered: readonly RecoveredSource[], isActive: boolean): void {
    for (const { number, label, offset, ended } of recovered) {
      if (isActive) this.numbers = Math.max(this.numbers, number + 1)
      const key = sourceKey(label)
      if (ended) this.sources.delete(key)
      else if (isActive || label.file !== null)
        this.sources.set(key, { label, number: isActive ? number : -1, offset, synced: offset })
    }
  }

  /** Seq of the newest record that can be read. */
  get lastSeq(): number {
    return this.segments.at(-1)?.lastSeq ?? 0
  }
  get firstSeq(): number {
    return this.segments[0]?.firstSeq ?? 1
  }
  get isFull(): boolean {
    return this.pendingBytes > maxPending
  }
  /** Calls back whenever there is more to read, and when the journal is closed. Gives what ends it. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
  private get pendingBytes(): number {
    return this.batches.reduce((sum, batch) => sum + batch.bytes, this.batch.bytes)
  }

  /** The source with what is already stored of it. */
  source(label: SourceLabel): Source {
    const key = sourceKey(label)
    let source = this.sources.get(key)
    if (source === undefined || source.label.revision !== label.revision) {
      source = { label, number: -1, offset: source?.offset ?? 0, synced: source?.synced ?? 0 }
      this.sources.set(key, source)
    }
    return source
  }

  record(source: Source, line: ParsedLine, stream: LogStream, time: number): number {
    this.place(source)
    this.batch.putBytes(line.text, line.start, line.end)
    const extra = line.rest === undefined ? 0 : this.batch.putText(`\x1f${line.rest}`)
    this.seq++
    this.entry(kinds.record, source, {
      offset: line.offset,
      time,
      level: line.level,
      stream,
      part: parts.indexOf(line.part),
      extra,
    })
    return this.seq
  }

  gap(source: Source, offset: number, gap: { lines: number; why: string; time: number; stream: LogStream }): void {
    this.place(source)
    this.batch.putText(gap.why)
    this.entry(kinds.gap, source, { offset, time: gap.time, level: 'warn', stream: gap.stream, extra: gap.lines })
  }

  /** Nothing more will come of the source. */
  end(source: Source): void {
    if (this.sources.get(sourceKey(source.label)) === source) this.sources.delete(sourceKey(source.label))
    if (source.number === -1) return
    this.entry(kinds.ended, source, {
      offset: source.offset,
      time: this.time,
      level: 'info',
      stream: 'stdout',
      extra: 0,
    })
    source.number = -1
  }

  /** Begins to write what was recorded, unless that is under way. */
  flush(): void {
    this.disk.flush()
  }

  /** Resolves once everything up to `seq` is on disk. */
  async durable(seq: number): Promise<void> {
    return this.disk.durable(seq)
  }

  /** Writes and syncs all that was recorded. */
  async settle(): Promise<void> {
    await this.disk.settle()
  }

  /** Deletes the oldest segments while `isOver` says so; never the one being written. */
  async deleteOldest(isOver: (segment: Segment, totalBytes: number) => boolean): Promise<number> {
    let deleted = 0
    let total = this.segments.reduce((sum, segment) => sum + sizeOf(segment), 0)
    for (
      let oldest = this.segments[0];
      oldest !== undefined && this.segments.length > 1 && isOver(oldest, total);
      oldest = this.segments[0]
    ) {
      if (oldest === this.disk.segment || oldest === this.batches[0]?.segment) break
      this.segments.shift()
      total -= sizeOf(oldest)
      deleted++
      await deleteSegment(oldest)
    }
    return deleted
  }

  /** Starts a new segment when the current one is older than that, so that age applies to quiet logs too. */
  async rollIfBefore(time: number): Promise<void> {
    const active = this.segments.at(-1)
    if (active === undefined || active.lastSeq < active.firstSeq || active.lastTime >= time) return
    if (this.batch.entries > 0 || this.batches.length > 0 || this.closed) return
    this.roll()
    await this.settle()
  }

  async delete(): Promise<void> {
    this.deleted = true
    await this.close()
    await rm(this.dir, { recursive: true, force: true })
  }

  async close(): Promise<void> {
    await this.disk.close()
    this.closed = true
    this.announce()
  }

  /** Sees to it that the segment has room and knows the source. */
  private place(source: Source): void {
    const { batch } = this
    const full =
      batch.textEnd >= (this.options.segmentBytes ?? segmentBytes) ||
      batch.firstEntry + batch.entries >= segmentEntries ||
      this.numbers >= segmentSources
    // A segment is named by its first seq, so it must have one of its own.
    if (full && this.seq >= batch.segment.firstSeq) this.roll()
    if (source.number === -1) this.name(source)
  }

  /** Each segment says where every open source stands, so that the older ones can be deleted. */
  private roll(): void {
    const firstSeq = this.seq + 1
    const segment: Segment = {
      path: segmentPath(this.dir, firstSeq),
      firstSeq,
      entries: 0,
      textBytes: 0,
      lastTime: this.time,
      lastSeq: this.seq,
    }
    if (this.batch.entries > 0) this.batches.push(this.batch)
    this.batch = new Batch(segment, 0, 0)
    this.numbers = 0
    for (const source of this.sources.values()) source.number = -1
    for (const source of this.sources.values()) {
      if (source.label.file === null) this.sources.delete(sourceKey(source.label))
      else this.name(source)
    }
  }

  private name(source: Source): void {
    source.number = this.numbers++
    this.batch.putText(JSON.stringify(source.label))
    this.entry(kinds.source, source, {
      offset: source.offset,
      time: this.time,
      level: 'info',
      stream: 'platform',
      extra: 0,
    })
  }

  private entry(kind: Kind, source: Source, mark: Mark): void {
    // Time never goes back within a log, or it could not be bisected; 0 would mean "never written".
    this.time = Math.max(this.time, Math.floor(mark.time), 1)
    source.offset = mark.offset
    this.batch.offsets.set(source, mark.offset)
    const { scratch } = this
    scratch.seq = this.seq
    scratch.time = this.time
    scratch.offset = mark.offset
    scratch.source = source.number
    scratch.kind = kind
    scratch.level = logLevels.indexOf(mark.level)
    scratch.stream = logStreams.indexOf(mark.stream)
    scratch.part = mark.part ?? 0
    scratch.extra = mark.extra
    this.batch.close(scratch)
  }

  /** The next entries for the disk; what is recorded from now on goes into a batch after them. */
  private takeBatch(): Batch | undefined {
    const [waiting] = this.batches
    if (waiting !== undefined) return waiting
    const next = this.batch
    // A new segment without entries is written too: its name keeps the seq.
    if ((next.entries === 0 && this.segments.at(-1) === next.segment) || this.deleted) return undefined
    this.batches.push(next)
    this.batch = new Batch(next.segment, next.firstEntry + next.entries, next.textEnd)
    return next
  }

  private publish(batch: Batch): void {
    const { segment } = batch
    this.batches.shift()
    segment.entries = batch.firstEntry + batch.entries
    segment.textBytes = batch.textEnd
    segment.lastSeq = batch.lastSeq
    segment.lastTime = batch.lastTime
    if (this.segments.at(-1) !== segment) this.segments.push(segment)
    this.announce()
  }

  private announce(): void {
    for (const listener of this.listeners) listener()
  }
}

function sizeOf(segment: Segment): number {
  return segment.textBytes + segment.entries * entrySize
}

function sourceKey(label: SourceLabel): string {
  return label.file === null ? `${label.instanceId} ${label.revision}` : `${label.instanceId} ${label.file}`
}
