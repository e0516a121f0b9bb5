import { statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { LogStream } from '#contract/logs.ts'
import { skipLines } from './flood.ts'
import type { Journal, Source } from './journal.ts'
import { LineParser } from './lines.ts'
import type { Mask } from './mask.ts'
import type { Pace } from './pace.ts'
import { Punch } from './punch.ts'
import type { Turns } from './turns.ts'

const chunkBytes = 256 * 1024
/** Many small writes are taken together. */
const turnEveryMs = 4
/** While the disk is behind. */
const fullMs = 5
/** How long a stack trace waits for its next line, and for all of them. */
const holdMs = 40
const holdAtMostMs = 400
const wipeMs = 200

export interface TailOptions {
  path: string
  stream: LogStream
  stderr: boolean
  mask: Mask
  journal: Journal
  source: Source
  pace: Pace
  turns: Turns
  /** Unread bytes that may wait on disk. */
  quotaBytes: number
  now: () => number
  warn: (message: string, details: Record<string, unknown>) => void
}

/** Follows one output file of an instance, from where it was stored to, and records its lines. */
export class Tail {
  private readonly options: TailOptions
  private readonly parser: LineParser
  private readonly punch: Punch
  private file: FileHandle | undefined
  /** Read so far. */
  private at: number
  private lines = 0
  private time = 0
  private size = 0
  private caughtUp = false
  /** Had been read to its end once: what comes too fast after that is a flood. */
  private live = false
  private state: 'idle' | 'waiting' | 'queued' = 'idle'
  private wokenMeanwhile = false
  private stopped = false
  private draining = false
  private lastTurn = 0
  private heldSince = 0
  private turnTimer: NodeJS.Timeout | undefined
  private wipeTimer: NodeJS.Timeout | undefined
  private holdTimer: NodeJS.Timeout | undefined
  private turnDone = Promise.withResolvers<void>()

  constructor(options: TailOptions) {
    const { source, journal, stream } = options
    this.options = options
    this.punch = new Punch(options.path, options.warn)
    this.parser = new LineParser({
      stderr: options.stderr,
      mask: options.mask,
      emit: (line) => {
        this.lines++
        journal.record(source, line, stream, this.time)
      },
    })
    this.at = source.offset
    this.parser.seek(this.at)
  }

  /** There may be something to read. */
  wake(): void {
    if (this.stopped) return
    if (this.state !== 'idle') {
      this.wokenMeanwhile = true
      return
    }
    this.queueAfter(this.draining ? 0 : this.lastTurn + turnEveryMs - performance.now())
  }

  /** Reads to the end of the file; what it left without a newline is a line too. */
  async drain(): Promise<void> {
    this.draining = true
    this.caughtUp = false
    if (this.state === 'waiting') this.queueAfter(0)
    while (!this.caughtUp && !this.stopped) {
      this.wake()
      await this.turnDone.promise
    }
    this.parser.finish()
    this.options.journal.flush()
  }

  async stop(): Promise<void> {
    this.stopped = true
    clearTimeout(this.turnTimer)
    clearTimeout(this.holdTimer)
    if (this.state === 'queued') await this.turnDone.promise
    await this.close()
  }

  /** For when nobody tells: wakes when there is something, otherwise lets go of the descriptor. */
  look(): void {
    if (this.state !== 'idle') return
    const size = statSync(this.options.path, { throwIfNoEntry: false })?.size ?? this.at
    if (size !== this.at) this.wake()
    else if (performance.now() - this.lastTurn > 10_000) void this.close()
  }

  private queueAfter(ms: number): void {
    clearTimeout(this.turnTimer)
    if (ms > 0) {
      this.state = 'waiting'
      this.turnTimer = setTimeout(() => this.queueAfter(0), ms)
      return
    }
    this.state = 'queued'
    this.options.turns.add(() => this.takeTurn())
  }

  private async takeTurn(): Promise<void> {
    this.lastTurn = performance.now()
    this.wokenMeanwhile = false
    let next: number | undefined
    try {
      if (!this.stopped) next = await this.turn()
    } catch (error) {
      this.options.warn('output of an instance cannot be read', { path: this.options.path, error: String(error) })
      next = 1_000
    }
    this.state = 'idle'
    if (!this.stopped && next !== undefined) this.queueAfter(next)
    else if (this.wokenMeanwhile) this.wake()
    const { turnDone } = this
    this.turnDone = Promise.withResolvers()
    turnDone.resolve()
  }

  /** Milliseconds until the next turn, or undefined when there is nothing to do until something wakes it. */
  private async turn(): Promise<number | undefined> {
    const { journal, pace, now } = this.options
    this.file ??= await openIfThere(this.options.path)
    if (this.file === undefined) return this.idle()
    const stat = await this.file.stat()
    // What waited while nobody read it is not from now.
    this.time = Math.min(now(), Math.ceil(stat.mtimeMs))
    this.size = stat.size
    if (this.size < this.at) this.truncated()
    if (this.size - this.at > this.options.quotaBytes) await this.skip(this.file)
    this.punch.behind(this.options.source.synced)
    if (this.at === this.size) return this.idle()
    if (journal.isFull) return fullMs
    const wait = this.draining ? 0 : pace.wait(now())
    if (wait > 0) return wait
    await this.read(this.file)
    journal.flush()
    return this.at < this.size ? 0 : this.idle()
  }

  private idle(): undefined {
    this.caughtUp = this.live = true
    if (!this.options.mask.empty) this.wipeSoon()
  }

  /** Once it is quiet, and what was read is safe elsewhere. */
  private wipeSoon(): void {
    this.wipeTimer ??= setTimeout(() => {
      this.wipeTimer = undefined
      if (this.stopped) return
      void this.punch.wipe(this.options.source.synced)
      if (this.options.source.synced < this.at) this.wipeSoon()
    }, wipeMs).unref()
  }

  private async read(file: FileHandle): Promise<void> {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, this.size - this.at))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, this.at)
    if (this.stopped) return
    this.lines = 0
    this.parser.feed(chunk.subarray(0, bytesRead))
    this.at += bytesRead
    this.options.pace.spend(this.lines, bytesRead)
    this.hold()
  }

  private hold(): void {
    clearTimeout(this.holdTimer)
    if (!this.parser.holding) {
      this.heldSince = 0
      return
    }
    const now = performance.now()
    if (this.heldSince === 0) this.heldSince = now
    this.holdTimer = setTimeout(
      () => {
        this.heldSince = 0
        this.parser.release()
        this.options.journal.flush()
      },
      Math.max(0, Math.min(holdMs, this.heldSince + holdAtMostMs - now)),
    )
  }

  private truncated(): void {
    this.parser.finish()
    this.gap(0, 0, 'the service truncated its own output')
    this.punch.reset()
  }

  private async skip(file: FileHandle): Promise<void> {
    const why = this.live ? 'rate limit' : 'the output written while the platform was down exceeds the log limit'
    const { lines, end, exact } = await skipLines(file, this.at, this.size - Math.floor(this.options.quotaBytes / 2))
    if (this.stopped) return
    this.parser.release()
    this.gap(end, lines, exact ? why : `${why} (number estimated)`)
  }

  private gap(offset: number, lines: number, why: string): void {
    const { journal, source, stream } = this.options
    journal.gap(source, offset, { lines, why, time: this.time, stream })
    journal.flush()
    this.parser.seek(offset)
    this.at = offset
  }

  private async close(): Promise<void> {
    const { file } = this
    this.file = undefined
    await file?.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
