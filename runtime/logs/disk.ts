import type { Batch } from './batch.ts'
import type { Source } from './journal.ts'
import { SegmentWriter } from './segment-writer.ts'
import type { Segment } from './segment.ts'

/** A line waits at most so long for its sync. */
const syncDelayMs = 15
const idleMs = 10_000

interface DiskOptions {
  dir: string
  warn: (message: string, details: Record<string, unknown>) => void
  /** The oldest batch that is not written; the same one until it was. */
  take: () => Batch | undefined
  /** It can be read now. */
  written: (batch: Batch) => void
}

/** Brings a journal's batches to its files in order, and tells when they are safe there. */
export class Disk {
  private readonly options: DiskOptions
  private writer: SegmentWriter | undefined
  private writing: Promise<void> | undefined
  /** Ends in the same step as the look that finds nothing more, or a flush in between would be lost. */
  private isWriting = false
  private syncing: Promise<void> | undefined
  private syncTimer: NodeJS.Timeout | undefined
  private idleTimer: NodeJS.Timeout | undefined
  private unsynced = new Map<Source, number>()
  private lastSeq = 0
  private syncedSeq = 0
  private waiters: { seq: number; done: () => void }[] = []
  private closing = false

  constructor(options: DiskOptions) {
    this.options = options
  }

  /** The segment whose files are open. */
  get segment(): Segment | undefined {
    return this.writer?.segment
  }

  /** Writes until there is nothing left to take. */
  flush(): void {
    if (!this.isWriting) this.writing = this.writeAll()
  }

  /** Somebody waits for it, so it is synced at once. */
  async durable(seq: number): Promise<void> {
    this.flush()
    if (seq <= this.syncedSeq || this.closing) return
    const safe = new Promise<void>((done) => this.waiters.push({ seq, done }))
    await this.writing
    void this.sync()
    return safe
  }

  async settle(): Promise<void> {
    // What was recorded during the last look of the one under way needs another.
    await this.writing
    this.flush()
    await this.writing
    await this.sync()
  }

  /** Gives up on a disk that cannot be written: sources keep what was not stored of them. */
  async close(): Promise<void> {
    this.closing = true
    await this.settle()
    clearTimeout(this.syncTimer)
    clearTimeout(this.idleTimer)
    const { writer } = this
    this.writer = undefined
    await writer?.close()
    for (const waiter of this.waiters.splice(0)) waiter.done()
  }

  private async writeAll(): Promise<void> {
    this.isWriting = true
    try {
      for (let batch = this.options.take(); batch !== undefined; batch = this.options.take()) {
        if (!(await this.write(batch))) return
        for (const [source, offset] of batch.offsets) this.unsynced.set(source, offset)
        this.lastSeq = batch.lastSeq
        this.syncTimer ??= setTimeout(() => void this.sync(), syncDelayMs)
        this.options.written(batch)
      }
    } finally {
      this.isWriting = false
    }
  }

  /** A full disk loses nothing, as the sources keep what was not stored: tried until there is room. */
  private async write(batch: Batch): Promise<boolean> {
    for (let failures = 0; ; failures++) {
      try {
        await this.use(batch.segment)
        await this.writer?.write(batch)
        return true
      } catch (error) {
        if (failures === 0)
          this.options.warn('a log cannot be written', { dir: this.options.dir, error: String(error) })
        if (this.closing) return false
        await new Promise((done) => setTimeout(done, Math.min(2_000, 100 * 2 ** failures)))
      }
    }
  }

  private async use(segment: Segment): Promise<void> {
    if (this.writer !== undefined && this.writer.segment !== segment) {
      await this.sync()
      const { writer } = this
      this.writer = undefined
      await writer.close()
    }
    this.writer ??= await SegmentWriter.open(segment)
  }

  private async sync(): Promise<void> {
    clearTimeout(this.syncTimer)
    this.syncTimer = undefined
    while (this.syncing !== undefined) await this.syncing.catch(() => {})
    const { writer, unsynced, lastSeq } = this
    if (writer === undefined || (unsynced.size === 0 && writer.isNamed)) return
    this.unsynced = new Map()
    this.syncing = writer.sync()
    try {
      await this.syncing
    } catch (error) {
      this.options.warn('a log cannot be synced', { dir: this.options.dir, error: String(error) })
      for (const [source, offset] of unsynced) if (!this.unsynced.has(source)) this.unsynced.set(source, offset)
      if (!this.closing) this.syncTimer ??= setTimeout(() => void this.sync(), 1_000)
      return
    } finally {
      this.syncing = undefined
    }
    for (const [source, offset] of unsynced) source.synced = offset
    this.syncedSeq = lastSeq
    for (const waiter of this.waiters) if (waiter.seq <= lastSeq) waiter.done()
    this.waiters = this.waiters.filter((waiter) => waiter.seq > lastSeq)
    clearTimeout(this.idleTimer)
    this.idleTimer = setTimeout(() => void this.rest(), idleMs)
    this.idleTimer.unref()
  }

  /** Thousands of quiet logs hold no descriptors. */
  private async rest(): Promise<void> {
    const { writer } = this
    if (this.isWriting || this.syncing !== undefined || this.unsynced.size > 0 || writer?.isNamed === false) return
    this.writer = undefined
    await writer?.close()
  }
}
