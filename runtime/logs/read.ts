import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { logPageQuery, type LogPageQuery, type Page } from '#contract/logs.ts'
import { compileFilter, type CompiledFilter } from './filter.ts'
import type { Journal } from './journal.ts'
import { cutAt, cutByTime, positionAfter, positionOf, wholeLog } from './ranges.ts'
import { targetKey, type StoredEntry } from './record.ts'
import { Scan, type Found, type Position } from './scan.ts'

/** Where each log goes on, by its key; null when it has been read to its end. */
export type Cursor = Record<string, Position | null>

const cursorShape = z.record(
  z.string(),
  z.object({ firstSeq: z.number().int().nonnegative(), index: z.number().int().nonnegative() }).nullable(),
)

/** A log being merged with others. */
interface Lane {
  key: string
  scan: Scan
  /** Found, not yet given. */
  ready: Found[]
}

/** Of the text of one page: lines are 64 KB at most, and ten thousand of those would not fit into memory. */
export const pageBytes = 16 << 20
/** Found at once in one log, for the same reason. */
const mostAtOnce = 500

export const textBytes = (entry: StoredEntry): number => (entry.kind === 'record' ? entry.text.length : 0)

/** Matches of several logs, merged by time: `limit` of them, or what was found when the time was over or the page full. */
export async function readPage(journals: readonly Journal[], input: LogPageQuery): Promise<Page<StoredEntry>> {
  const query = logPageQuery.parse(input)
  const isBack = query.order === 'older'
  const filter = compileFilter(query)
  const cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor)
  const lanes: Lane[] = []
  for (const journal of journals) {
    const lane = await startLane(journal, { query, cursor, isBack, filter })
    if (lane !== undefined) lanes.push(lane)
  }
  const signal = AbortSignal.timeout(query.budgetMs)
  const entries: StoredEntry[] = []
  let complete = true
  let bytes = 0
  while (entries.length < query.limit) {
    if (bytes > pageBytes) {
      complete = false
      break
    }
    const lane = nextLane(lanes, isBack)
    if (lane === undefined) break
    const found = lane.ready.shift()
    if (found !== undefined) {
      entries.push(found.entry)
      bytes += textBytes(found.entry)
      continue
    }
    if (signal.aborted) {
      complete = false
      break
    }
    lane.ready = await lane.scan.step(Math.min(query.limit - entries.length, mostAtOnce), signal)
  }
  const isOver = lanes.every((lane) => lane.scan.isDone && lane.ready.length === 0)
  return {
    entries: isBack ? entries.reverse() : entries,
    cursor: isOver ? null : formatCursor(lanes, isBack),
    complete,
  }
}

async function startLane(
  journal: Journal,
  options: {
    query: z.output<typeof logPageQuery>
    cursor: Cursor | undefined
    isBack: boolean
    filter: CompiledFilter
  },
): Promise<Lane | undefined> {
  const { query, cursor, isBack, filter } = options
  const key = targetKey(journal.target)
  let ranges = wholeLog(journal)
  if (cursor !== undefined) {
    const position = cursor[key]
    if (position === null || position === undefined) return undefined
    ranges = cutAt(ranges, position, isBack)
  } else if (query.beyond?.[key] !== undefined) {
    const seq = query.beyond[key]
    ranges = cutAt(ranges, await (isBack ? positionOf : positionAfter)(journal, seq), isBack)
  } else if (query.at !== undefined) {
    const position = await positionOf(journal, query.at)
    ranges = cutAt(ranges, isBack ? { ...position, index: position.index + 1 } : position, isBack)
  }
  return { key, ready: [], scan: new Scan(journal.target, { ranges: await cutByTime(ranges, query), isBack, filter }) }
}

/** The log whose next entry is due, or whose next piece could hold it. */
function nextLane(lanes: readonly Lane[], isBack: boolean): Lane | undefined {
  let best: Lane | undefined
  let bestTime = 0
  for (const lane of lanes) {
    const time = lane.ready[0]?.entry.time ?? (lane.scan.isDone ? undefined : lane.scan.boundTime)
    if (time === undefined) continue
    if (best === undefined || (isBack ? time > bestTime : time < bestTime)) {
      best = lane
      bestTime = time
    }
  }
  return best
}

function formatCursor(lanes: readonly Lane[], isBack: boolean): string {
  const cursor: Cursor = {}
  for (const { key, scan, ready } of lanes) {
    const first = ready[0]?.position
    // Going back a position is the first thing not to be read again.
    const waiting = first && isBack ? { ...first, index: first.index + 1 } : first
    cursor[key] = waiting ?? scan.position ?? null
  }
  return cursorOf(cursor)
}

export function cursorOf(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

function parseCursor(text: string): Cursor {
  try {
    return cursorShape.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch (error) {
    throw new PlatformError(
      'bad_request',
      'invalid search cursor',
      { fix: 'Search again from the start.', field: 'cursor' },
      { cause: error },
    )
  }
}
