import type { LogFilter } from '#contract/logs.ts'
import { decodeEntries, readBlock, textStart } from './decode.ts'
import { entrySize, seqAt } from './entry.ts'
import { compileFilter, type CompiledFilter } from './filter.ts'
import type { Journal } from './journal.ts'
import { endOf, positionAfter } from './ranges.ts'
import { cursorOf, pageBytes, readPage, textBytes } from './read.ts'
import { targetKey, type StoredEntry } from './record.ts'
import type { Position } from './scan.ts'
import { SegmentReader } from './segment.ts'

export interface FollowFrom {
  /** So many of the newest first; 0 for only what comes from now on. */
  last?: number
  /** Or what follows this seq, by `targetKey`; it wins over `last` for the logs that it names. */
  after?: Readonly<Record<string, number>>
}

/** Of one log at a time, so that a busy one does not keep the others waiting. */
const pieceEntries = 1000
const pieceBytes = 1024 * 1024

/** One log, read from where its reader is: nothing is buffered, the store is the buffer. */
class Follower {
  readonly journal: Journal
  dirty = true
  private position: Position
  private lastSeq: number
  private reader: SegmentReader | undefined

  constructor(journal: Journal, position: Position, lastSeq: number) {
    this.journal = journal
    this.position = position
    this.lastSeq = lastSeq
  }

  /** Where it is, as a cursor names it. */
  get start(): [string, Position] {
    return [targetKey(this.journal.target), this.position]
  }

  /** The next piece, filtered; stays dirty while there may be more. */
  async next(filter: CompiledFilter, signal: AbortSignal): Promise<StoredEntry[]> {
    const { journal } = this
    this.dirty = false
    const segment = journal.segments.find(({ firstSeq }) => firstSeq >= this.position.firstSeq)
    if (segment === undefined) return []
    if (segment.firstSeq !== this.position.firstSeq) {
      // The segment that it was in has gone.
      const lost = segment.firstSeq - this.lastSeq - 1
      this.go({ firstSeq: segment.firstSeq, index: 0 })
      this.lastSeq = Math.max(this.lastSeq, segment.firstSeq - 1)
      this.dirty = true
      return lost > 0 ? [retentionGap(journal, segment.firstSeq, lost)] : []
    }
    const { index } = this.position
    if (index >= segment.entries) {
      const following = journal.segments[journal.segments.indexOf(segment) + 1]
      if (following === undefined) return []
      this.go({ firstSeq: following.firstSeq, index: 0 })
      this.dirty = true
      return []
    }
    this.dirty = true
    this.reader ??= await SegmentReader.open(segment)
    if (this.reader === undefined) return []
    const block = await readBlock(this.reader, index, Math.min(segment.entries, index + pieceEntries))
    const places: number[] = []
    let count = 0
    for (const total = block.meta.length / entrySize; count < total; count++) {
      if (count > 0 && textStart(block, count) - block.textFrom > pieceBytes) break
      if (filter.admits(block.meta, count * entrySize, block.sources)) places.push(count)
    }
    const entries = await decodeEntries(this.reader, journal.target, block, places)
    this.position = { firstSeq: segment.firstSeq, index: index + count }
    if (count > 0) this.lastSeq = seqAt(block.meta, (count - 1) * entrySize)
    return filter.accepted(entries, signal)
  }

  close(): void {
    void this.reader?.close()
    this.reader = undefined
  }

  private go(position: Position): void {
    this.close()
    this.position = position
  }
}

/** Entries of several logs as they come, oldest first as far as they have come, in batches, until the signal. */
export async function* followLogs(
  journals: readonly Journal[],
  filter: LogFilter,
  { from, signal }: { from: FollowFrom; signal: AbortSignal },
): AsyncGenerator<StoredEntry[], void, undefined> {
  const compiled = compileFilter(filter)
  // A bad expression is refused at once, not at the first line.
  await compiled.prepare(signal)
  let wake = Promise.withResolvers<void>()
  const ring = () => wake.resolve()
  signal.addEventListener('abort', ring, { once: true })
  const followers: Follower[] = []
  const unsubscribes: (() => void)[] = []
  try {
    const first: StoredEntry[] = []
    const fresh: Journal[] = []
    for (const journal of journals) {
      const after = from.after?.[targetKey(journal.target)]
      const start = after === undefined ? undefined : await startAfter(journal, after)
      if (start === undefined) fresh.push(journal)
      else if (start.gap !== undefined) first.push(start.gap)
      const follower = start?.follower ?? new Follower(journal, endOf(journal), journal.lastSeq)
      followers.push(follower)
      unsubscribes.push(
        journal.subscribe(() => {
          follower.dirty = true
          ring()
        }),
      )
    }
    first.push(...(await newest(fresh, followers, { filter, last: from.last ?? 0, signal })))
    if (first.length > 0) yield first
    while (!signal.aborted) {
      const batch: StoredEntry[] = []
      for (const follower of followers) if (follower.dirty) batch.push(...(await follower.next(compiled, signal)))
      if (batch.length > 0) yield followers.length > 1 ? batch.sort((a, b) => a.time - b.time) : batch
      else if (!followers.some((follower) => follower.dirty)) await wake.promise
      wake = Promise.withResolvers()
      if (signal.aborted || followers.every((follower) => follower.journal.closed)) return
    }
  } finally {
    signal.removeEventListener('abort', ring)
    for (const unsubscribe of unsubscribes) unsubscribe()
    for (const follower of followers) follower.close()
  }
}

async function startAfter(
  journal: Journal,
  after: number,
): Promise<{ follower: Follower; gap: StoredEntry | undefined }> {
  // A seq that was never given belongs to a log that was deleted: this one is new to the viewer.
  const seen = after > journal.lastSeq ? 0 : after
  const lost = journal.firstSeq - seen - 1
  const gap = lost > 0 ? retentionGap(journal, journal.firstSeq, lost) : undefined
  const last = Math.max(seen, journal.firstSeq - 1)
  return { follower: new Follower(journal, await positionAfter(journal, last), last), gap }
}

async function newest(
  journals: readonly Journal[],
  followers: readonly Follower[],
  { filter, last, signal }: { filter: LogFilter; last: number; signal: AbortSignal },
): Promise<StoredEntry[]> {
  if (last <= 0 || journals.length === 0) return []
  const starts = followers.filter(({ journal }) => journals.includes(journal)).map((follower) => follower.start)
  let cursor: string | null = cursorOf(Object.fromEntries(starts))
  let entries: StoredEntry[] = []
  let bytes = 0
  while (cursor !== null && entries.length < last && bytes <= pageBytes && !signal.aborted) {
    const page = await readPage(journals, {
      ...filter,
      order: 'older',
      cursor,
      limit: Math.min(10_000, last - entries.length),
      budgetMs: 30_000,
    })
    entries = [...page.entries, ...entries]
    bytes += page.entries.reduce((sum, entry) => sum + textBytes(entry), 0)
    cursor = page.cursor
  }
  return entries
}

function retentionGap(journal: Journal, firstSeq: number, lost: number): StoredEntry {
  const { serviceId, environmentId } = journal.target
  return {
    kind: 'gap',
    serviceId,
    environmentId,
    gap: lost,
    why: 'deleted by retention',
    after: firstSeq - lost - 1,
    time: journal.segments[0]?.lastTime ?? 0,
  }
}
