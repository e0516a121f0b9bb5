import { mkdir, rm } from 'node:fs/promises'
import { logLevels, logStreams, type LogLevel, type LogStream } from '#contract/logs.ts'
import { Batch } from './batch.ts'
import { entrySize, kinds, parts, type Entry, type Kind } from './entry.ts'
import type { ParsedLine } from './lines.ts'
import type { LogTarget } from './record.ts'
import { cutToWhole, SegmentWriter } from './segment-writer.ts'
import { deleteSegment, listSegments, recoverSources, segmentPath, type RecoveredSource, type Segment, type SourceLabel } from './segment.ts'

const segmentBytes = 16 * 1024 * 1024
const segmentEntries = 400_000
const segmentSources = 60_000
/** A line waits at most so long for its sync. */
const syncDelayMs = 15
const idleMs = 10_000
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
  private readonly scratch: Entry = { seq: 0, time: 0, end: 0, offset: 0, source: 0, kind: kinds.record, level: 0, stream: 0, part: 0, extra: 0 }
  private numbers = 0
  private seq: number
  private time: number
  private writer: SegmentWriter | undefined
  private writing: Promise<void> | undefined
  private syncing: Promise<void> | undefined
  private syncTimer: NodeJS.Timeout | undefined
  private idleTimer: NodeJS.Timeout | undefined
  private unsynced = new Map<Source, number>()
  private syncedSeq: number
  private syncWaiters: { seq: number; done: () => void }[] = []
  private readonly listeners = new Set<() => void>()

  private constructor(dir: string, target: LogTarget, segments: Segment[], options: JournalOptions) {
    this.dir = dir
    this.target = target
    this.segments = segments
    this.options = options
    const active = segments.at(-1)
    if (active === undefined) throw new Error('a journal has a segment')
    this.seq = this.syncedSeq = active.lastSeq
    this.time = active.lastTime
    this.batch = new Batch(active, active.entries, active.textBytes)
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
      else if (isActive || label.file !== null) this.sources.set(key, { label, number: isActive ? number : -1, offset, synced: offset })
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
    this.entry(kinds.record, source, { offset: line.offset, time, level: line.level, stream, part: parts.indexOf(line.part), extra })
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
    this.entry(kinds.ended, source, { offset: source.offset, time: this.time, level: 'info', stream: 'stdout', extra: 0 })
    source.number = -1
  }

  /** Begins to write what was recorded, unless that is under way. */
  flush(): void {
    this.writing ??= this.writeBatches().finally(() => {
      this.writing = undefined
      if (this.batch.entries > 0 && !this.closed) this.flush()
    })
  }

  /** Resolves once everything up to `seq` is on disk. */
  async durable(seq: number): Promise<void> {
    this.flush()
    if (seq <= this.syncedSeq || this.closed) return
    return new Promise((done) => this.syncWaiters.push({ seq, done }))
  }

  /** Writes and syncs all that was recorded. */
  async settle(): Promise<void> {
    while (this.writing !== undefined || this.batch.entries > 0) {
      this.flush()
      await this.writing
    }
    await this.sync()
  }

  /** Deletes the oldest segments while `isOver` says so; never the one being written. */
  async deleteOldest(isOver: (segment: Segment, totalBytes: number) => boolean): Promise<number> {
    let deleted = 0
    let total = this.segments.reduce((sum, segment) => sum + sizeOf(segment), 0)
    for (let oldest = this.segments[0]; oldest !== undefined && this.segments.length > 1 && isOver(oldest, total); oldest = this.segments[0]) {
      if (oldest === this.writer?.segment || oldest === this.batches[0]?.segment) break
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
    if (this.batch.entries > 0 || this.writing !== undefined || this.closed) return
    this.roll()
    this.flush()
    await this.writing
  }

  async delete(): Promise<void> {
    this.deleted = true
    await this.close()
    await rm(this.dir, { recursive: true, force: true })
  }

  async close(): Promise<void> {
    if (!this.deleted) await this.settle()
    this.closed = true
    clearTimeout(this.syncTimer)
    clearTimeout(this.idleTimer)
    await this.writing
    await this.syncing
    await this.writer?.close()
    this.writer = undefined
    this.announce()
    for (const waiter of this.syncWaiters.splice(0)) waiter.done()
  }

  /** Sees to it that the segment has room and knows the source. */
  private place(source: Source): void {
    const { batch } = this
    const full = batch.textEnd >= (this.options.segmentBytes ?? segmentBytes) || batch.firstEntry + batch.entries >= segmentEntries || this.numbers >= segmentSources
    // A segment is named by its first seq, so it must have one of its own.
    if (full && this.seq >= batch.segment.firstSeq) this.roll()
    if (source.number === -1) this.name(source)
  }

  /** Each segment says where every open source stands, so that the older ones can be deleted. */
  private roll(): void {
    const firstSeq = this.seq + 1
    const segment: Segment = { path: segmentPath(this.dir, firstSeq), firstSeq, entries: 0, textBytes: 0, lastTime: this.time, lastSeq: this.seq }
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
    this.entry(kinds.source, source, { offset: source.offset, time: this.time, level: 'info', stream: 'platform', extra: 0 })
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

  private async writeBatches(): Promise<void> {
    for (;;) {
      let next = this.batches[0]
      if (next === undefined) {
        // A new segment without entries is written too: its name keeps the seq.
        if ((this.batch.entries === 0 && this.segments.at(-1) === this.batch.segment) || this.deleted) return
        next = this.batch
        this.batches.push(next)
        this.batch = new Batch(next.segment, next.firstEntry + next.entries, next.textEnd)
      }
      await this.write(next)
      if (this.deleted) return
      this.batches.shift()
      this.publish(next)
    }
  }

  private async write(batch: Batch): Promise<void> {
    for (let failures = 0; !this.deleted; failures++) {
      try {
        if (this.writer !== undefined && this.writer.segment !== batch.segment) {
          await this.sync()
          await this.writer.close()
          this.writer = undefined
        }
        this.writer ??= await this.openWriter(batch.segment)
        return await this.writer.write(batch)
      } catch (error) {
        // A full disk: nothing is lost, as the sources keep what was not stored; try until there is room.
        if (failures === 0) this.options.warn('a log cannot be written', { dir: this.dir, error: String(error) })
        if (this.closed) throw error
        await new Promise((done) => setTimeout(done, Math.min(5_000, 100 * 2 ** failures)))
      }
    }
  }

  private async openWriter(segment: Segment): Promise<SegmentWriter> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 })
    return SegmentWriter.open(segment)
  }

  private publish(batch: Batch): void {
    const { segment } = batch
    segment.entries = batch.firstEntry + batch.entries
    segment.textBytes = batch.textEnd
    segment.lastSeq = batch.lastSeq
    segment.lastTime = batch.lastTime
    if (this.segments.at(-1) !== segment) this.segments.push(segment)
    for (const [source, offset] of batch.offsets) this.unsynced.set(source, offset)
    this.syncTimer ??= setTimeout(() => void this.sync(), syncDelayMs)
    this.announce()
  }

  private async sync(): Promise<void> {
    clearTimeout(this.syncTimer)
    this.syncTimer = undefined
    while (this.syncing !== undefined) await this.syncing.catch(() => {})
    const { writer, unsynced } = this
    if (writer === undefined || unsynced.size === 0) return
    this.unsynced = new Map()
    const seq = this.lastSeq
    this.syncing = writer.sync()
    try {
      await this.syncing
    } catch (error) {
      this.options.warn('a log cannot be synced', { dir: this.dir, error: String(error) })
      for (const [source, offset] of unsynced) if (!this.unsynced.has(source)) this.unsynced.set(source, offset)
      this.syncTimer ??= setTimeout(() => void this.sync(), 1_000)
      return
    } finally {
      this.syncing = undefined
    }
    for (const [source, offset] of unsynced) source.synced = offset
    this.syncedSeq = seq
    const waiting = this.syncWaiters
    this.syncWaiters = waiting.filter((waiter) => waiter.seq > seq)
    for (const waiter of waiting) if (waiter.seq <= seq) waiter.done()
    clearTimeout(this.idleTimer)
    this.idleTimer = setTimeout(() => void this.rest(), idleMs)
    this.idleTimer.unref()
  }

  /** Thousands of quiet logs hold no descriptors. */
  private async rest(): Promise<void> {
    const { writer } = this
    if (this.writing !== undefined || this.syncing !== undefined || this.unsynced.size > 0) return
    this.writer = undefined
    await writer?.close()
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
