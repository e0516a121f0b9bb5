import { isLogGap } from '#contract/log-words.ts'
import type { LogEntry, LogFilter } from '#contract/logs.ts'
import type { PlatformError } from '#contract/errors.ts'
import { LineWindow, logOf, type Row } from './line-window.ts'
import type { LogSource, Reading } from './log-source.ts'
import type { Place } from './look.ts'

/** `more`: there may be; `none`: that is all there is. */
export type End = 'more' | 'reading' | 'none' | 'failed'

export interface LogSpec {
  filter: LogFilter
  at: Place | null
}

/** Rows held at most, and rows kept around what is in sight when others are dropped. */
const most = 20_000
const around = 6_000
const slack = 2_000
const firstPage = 400
const pageSize = 1_000
/** What a line may be late in a view of several logs, or be under way when the connection is lost. */
const lateMs = 10_000

/**
 * One look at one history: a window of it that can be moved both ways, and what comes, in step. A store for React: each
 * change is one call of the listeners. `ask` is called when lines have come; who draws then calls {@link flush}.
 *
 * Long, because its two ends, what comes meanwhile, and pausing share every field: apart they would only call each other.
 */
export class LogSession {
  readonly window = new LineWindow()
  readonly spec: LogSpec
  state: 'loading' | 'ready' | 'failed' = 'loading'
  error: PlatformError | null = null
  /** Of reading further: the view stays, and says so at that end. */
  endError: PlatformError | null = null
  older: End = 'more'
  newer: End = 'none'
  /** The newest end is where the log is now: what comes is added there. */
  attached = true
  /** The newest line is in sight, and is to stay so. */
  following = true
  paused = false
  /** Lines that came while the view was held or paused. */
  waiting = 0
  /** To be brought into sight when first drawn. */
  focus: string | null = null
  version = 0

  readonly #source: LogSource
  readonly #listeners = new Set<() => void>()
  readonly #ask: () => void
  #subscription: { close(): void } | undefined
  #isOpen = false
  /** What has come and is not in the window yet. */
  #fresh: LogEntry[] = []
  /** What came while paused, or while the window's newest end is elsewhere. */
  #kept: LogEntry[] = []
  #taken: (() => void) | undefined
  /** Last seq that has come of each log, wherever the window is, and the newest time: from there on after an interruption. */
  #seen = new Map<string, number>()
  #seenAt = 0
  #olderCursor: string | undefined
  #newerCursor: string | undefined
  #sight = { first: 0, last: 0 }
  #closed = false

  constructor(source: LogSource, spec: LogSpec, ask: () => void) {
    this.#source = source
    this.spec = spec
    this.#ask = ask
  }

  get isLive(): boolean {
    return this.spec.filter.until === undefined
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async open(): Promise<void> {
    try {
      if (this.spec.at === null) await this.#openEnd()
      else await this.#openAround(this.spec.at)
      this.state = 'ready'
    } catch (error) {
      this.state = 'failed'
      this.error = error as PlatformError
    }
    this.#changed()
  }

  close(): void {
    this.#closed = true
    this.#subscription?.close()
    this.#taken?.()
  }

  /** How old the newest line held is while the next ones wait to be taken: 0 when all that came is shown. */
  behindSeconds(): number {
    const last = this.window.rows.at(-1)
    return this.#taken === undefined || last === undefined ? 0 : Math.max(0, Math.round((Date.now() - last.at) / 1000))
  }

  /** The view tells what is in sight; dropping is done elsewhere. */
  look(first: number, last: number): void {
    this.#sight = { first, last }
  }

  /** The first row in sight, or the last. */
  inSight(end: number): number {
    return end > 0 ? this.#sight.first : this.#sight.last
  }

  setFollowing(following: boolean): void {
    if (following === this.following) return
    this.following = following
    if (following) this.waiting = 0
    this.#changed()
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    this.#changed()
  }

  /** To the newest line, wherever the window is; what came meanwhile is there. */
  async toEnd(): Promise<void> {
    this.paused = false
    this.waiting = 0
    this.following = true
    if (this.attached) {
      this.#add(this.#kept.splice(0))
      return this.#changed()
    }
    // What comes from now on may be missing from the page, what came before is in it.
    this.#kept = []
    this.newer = 'reading'
    this.#changed()
    try {
      const page = await this.#source.read({ ...this.spec.filter, order: 'older', limit: firstPage })
      this.window.dropFirst(this.window.rows.length)
      this.window.append(page.entries)
      this.#olderCursor = page.cursor ?? undefined
      this.older = page.cursor === null ? 'none' : 'more'
      this.#attach()
    } catch (error) {
      this.newer = 'failed'
      this.#failed(error)
    }
    this.#changed()
  }

  /** To the first line that there is. */
  async toStart(): Promise<void> {
    this.following = false
    if (this.older === 'none') return this.#changed()
    try {
      const page = await this.#source.read({ ...this.spec.filter, order: 'newer', limit: pageSize })
      this.window.dropFirst(this.window.rows.length)
      this.attached = false
      this.#kept = []
      this.window.append(page.entries)
      this.older = 'none'
      this.newer = 'more'
      this.#newerCursor = page.cursor ?? undefined
      if (page.cursor === null) this.#attach()
      this.focus = this.window.rows[0]?.id ?? null
    } catch (error) {
      this.#failed(error)
    }
    this.#changed()
  }

  async readOlder(): Promise<void> {
    if (this.older === 'reading' || this.older === 'none' || this.state !== 'ready') return
    this.older = 'reading'
    this.#changed()
    try {
      const page = await this.#source.read(this.#olderReading())
      this.window.prepend(page.entries)
      this.#olderCursor = page.cursor ?? undefined
      this.older = page.cursor === null ? 'none' : 'more'
      this.endError = null
      this.#dropNewest()
    } catch (error) {
      this.older = 'failed'
      this.#failed(error)
    }
    this.#changed()
  }

  async readNewer(): Promise<void> {
    if (this.attached || this.newer === 'reading' || this.newer === 'none') return
    this.newer = 'reading'
    // What comes from now on may be missing from the page, what came before is in it.
    this.#kept = []
    this.#changed()
    try {
      const page = await this.#source.read(this.#newerReading())
      if (this.attached) return
      this.window.append(page.entries)
      this.#newerCursor = page.cursor ?? undefined
      this.newer = 'more'
      this.endError = null
      if (page.cursor === null) this.#attach()
      this.#dropOldest()
    } catch (error) {
      this.newer = 'failed'
      this.#failed(error)
    }
    this.#changed()
  }

  /** Takes into the window what has come since; called by whoever was asked to draw. */
  flush(): void {
    const fresh = this.#fresh
    if (fresh.length === 0) return
    this.#fresh = []
    this.#taken?.()
    this.#taken = undefined
    if (this.attached && !this.paused) {
      const count = this.#add(fresh)
      if (!this.following) this.waiting += count
    } else {
      this.waiting += fresh.length
      this.#kept.push(...fresh)
      // Too many to keep: they are read from the store when wanted.
      if (this.#kept.length > most) {
        this.#kept = []
        if (this.attached) {
          this.attached = false
          this.newer = 'more'
          this.#newerCursor = undefined
        }
      }
    }
    this.#changed()
  }

  async #openEnd(): Promise<void> {
    const page = await this.#source.read({ ...this.spec.filter, order: 'older', limit: firstPage })
    if (this.#closed) return
    this.window.append(page.entries)
    this.#olderCursor = page.cursor ?? undefined
    this.older = page.cursor === null ? 'none' : 'more'
    page.entries.forEach((entry) => this.#note(entry))
    this.#follow()
  }

  async #openAround(place: Place): Promise<void> {
    const found = await this.#source.find(place)
    if (this.#closed) return
    if (found === undefined) return this.#openEnd()
    this.following = false
    this.attached = false
    this.newer = 'more'
    this.window.append([found])
    this.focus = this.window.rows[0]?.id ?? null
    const [older, newer] = await Promise.all([
      this.#source.read({ ...this.#olderReading(), limit: firstPage / 2 }),
      this.#source.read({ ...this.#newerReading(), limit: firstPage / 2 }),
    ])
    if (this.#closed) return
    this.window.prepend(older.entries)
    this.window.append(newer.entries)
    this.#olderCursor = older.cursor ?? undefined
    this.older = older.cursor === null ? 'none' : 'more'
    this.#newerCursor = newer.cursor ?? undefined
    if (newer.cursor === null) this.#attach()
    this.#follow()
  }

  #follow(): void {
    if (!this.isLive || this.#subscription !== undefined) return
    this.#subscription = this.#source.follow(this.#fromHere(), {
      onItems: (items) => this.#take(items),
      onOpen: () => {
        this.#isOpen = true
        this.window.comeBack(Date.now())
        this.#changed()
      },
      onInterrupted: () => {
        this.#isOpen = false
        // What has come until then is above the mark.
        this.flush()
        if (this.attached && !this.paused) this.window.breakOff(Date.now())
        this.#changed()
      },
      onEnd: (error) => {
        if (error !== null) this.#failed(error)
      },
      resume: () => this.#fromHere(),
    })
  }

  /** Exactly what follows the last line of each log; of logs not heard yet, what they have said since. */
  #fromHere() {
    const { filter } = this.spec
    // While the window is elsewhere what lies between is read from the store.
    if (this.#seen.size === 0) return { filter, last: this.attached ? firstPage : 0 }
    return {
      filter: { ...filter, since: Math.max(filter.since ?? 0, this.#seenAt - lateMs) },
      last: 0,
      after: Object.fromEntries(this.#seen),
    }
  }

  #take(items: readonly LogEntry[]): void | Promise<void> {
    for (const entry of items) {
      this.#note(entry)
      this.#fresh.push(entry)
    }
    this.#ask()
    // The next batch comes when these were drawn: the store is the buffer, not the page.
    if (this.#fresh.length > slack)
      return new Promise((resolve) => {
        this.#taken = resolve
      })
  }

  #note(entry: LogEntry): void {
    if (isLogGap(entry)) return
    const log = logOf(entry)
    this.#seen.set(log, Math.max(this.#seen.get(log) ?? 0, entry.seq))
    const at = Date.parse(entry.time)
    if (at > this.#seenAt) this.#seenAt = at
  }

  #add(entries: readonly LogEntry[]): number {
    const count = this.window.append(entries)
    this.#dropOldest()
    return count
  }

  /** The window has reached what is there now: what came meanwhile follows on. */
  #attach(): void {
    this.attached = true
    this.newer = 'none'
    this.#newerCursor = undefined
    for (const row of this.window.rows) if (row.kind === 'line') this.#note(row.record)
    if (this.#subscription !== undefined && !this.#isOpen) {
      // What it was asked for was asked before the page was read.
      this.#subscription.close()
      this.#subscription = undefined
      this.#follow()
    }
    if (!this.paused) this.window.append(this.#kept.splice(0))
  }

  /** Makes room at the old end; when that is being read, the new end lets go instead. */
  #dropOldest(): void {
    const { length } = this.window.rows
    if (length <= most + slack) return
    const spare = this.following ? length - most : Math.min(length - most, this.#sight.first - around)
    if (spare > 0) {
      this.window.dropFirst(spare)
      this.#sight.first -= spare
      this.older = 'more'
      this.#olderCursor = undefined
    }
    if (this.window.rows.length > most + around) this.#dropNewest()
  }

  #dropNewest(): void {
    const { length } = this.window.rows
    const spare = Math.min(length - most, length - this.#sight.last - around)
    if (length <= most + slack || spare <= 0) return
    this.window.dropLast(spare)
    this.attached = false
    this.newer = 'more'
    this.#newerCursor = undefined
  }

  #olderReading(): Reading {
    const reading = { ...this.spec.filter, order: 'older' as const, limit: pageSize }
    if (this.#olderCursor !== undefined) return { ...reading, cursor: this.#olderCursor }
    const first = firstTime(this.window.rows)
    return {
      ...reading,
      ...(first !== undefined && {
        until: Math.min(first, this.spec.filter.until ?? Infinity),
        beyond: this.window.ends('first'),
      }),
    }
  }

  #newerReading(): Reading {
    const reading = { ...this.spec.filter, order: 'newer' as const, limit: pageSize }
    if (this.#newerCursor !== undefined) return { ...reading, cursor: this.#newerCursor }
    const last = firstTime([...this.window.rows].reverse())
    return {
      ...reading,
      ...(last !== undefined && {
        since: Math.max(last, this.spec.filter.since ?? 0),
        beyond: this.window.ends('last'),
      }),
    }
  }

  #failed(error: unknown): void {
    this.endError = error as PlatformError
    this.#changed()
  }

  #changed(): void {
    if (this.#closed) return
    this.version++
    for (const listener of this.#listeners) listener()
  }
}

const firstTime = (rows: readonly Row[]) => rows.find((row) => row.kind !== 'break' && row.at > 0)?.at
