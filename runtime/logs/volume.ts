import { entrySize, kindAt, kinds, timeAt } from './entry.ts'
import type { Journal } from './journal.ts'
import { cutByTime, wholeLog } from './ranges.ts'
import { SegmentReader } from './segment.ts'

export interface VolumeQuery {
  /** Milliseconds since 1970; null: from the first line on. */
  since: number | null
  until: number
  /** How many steps of one length. */
  steps: number
}

export interface Volume {
  from: number
  to: number
  counts: number[]
  /** False when the time was over before all was counted. */
  complete: boolean
}

const budgetMs = 400
/** So many entries are read at once, 32 bytes each; of more, only those at which a step ends are looked for. */
const atOnce = 4_096

/** How many lines there are in each step. No text is read: entries have a fixed size and stand in the order of their times. */
export async function volumeOf(
  journals: readonly Journal[],
  { since, until: to, steps }: VolumeQuery,
): Promise<Volume> {
  const start = since ?? Math.min(to - 1, ...(await Promise.all(journals.map(firstTime))))
  const counts = Array.from({ length: steps }, () => 0)
  const length = Math.max(1, (to - start) / steps)
  const signal = AbortSignal.timeout(budgetMs)
  for (const journal of journals) {
    for (const range of await cutByTime(wholeLog(journal), { since: start, until: to })) {
      if (signal.aborted) return { from: start, to, counts, complete: false }
      await using reader = await SegmentReader.open(range.segment)
      if (reader !== undefined)
        await count(
          reader,
          range,
          { counts, stepOf: (time) => Math.max(0, Math.min(steps - 1, Math.floor((time - start) / length))) },
          signal,
        )
    }
  }
  return { from: start, to, counts, complete: !signal.aborted }
}

async function firstTime(journal: Journal): Promise<number> {
  const segment = journal.segments[0]
  if (segment === undefined || segment.entries === 0) return Infinity
  await using reader = await SegmentReader.open(segment)
  const meta = (await reader?.readMeta(0, Math.min(segment.entries, 64))) ?? Buffer.alloc(0)
  // What a source entry says has no time of its own.
  for (let at = 0; at < meta.length; at += entrySize) if (kindAt(meta, at) === kinds.record) return timeAt(meta, at)
  return Infinity
}

interface Counting {
  counts: number[]
  stepOf: (time: number) => number
}

async function count(
  reader: SegmentReader,
  { from, to }: { from: number; to: number },
  { counts, stepOf }: Counting,
  signal: AbortSignal,
): Promise<void> {
  const stack: [number, number][] = [[from, to]]
  const stepAt = async (index: number) => stepOf(timeAt(await reader.readMeta(index, index + 1), 0))
  for (let next = stack.pop(); next !== undefined && !signal.aborted; next = stack.pop()) {
    const [low, high] = next
    if (high - low <= atOnce) {
      const meta = await reader.readMeta(low, high)
      for (let at = 0; at < meta.length; at += entrySize)
        if (kindAt(meta, at) === kinds.record) add(counts, stepOf(timeAt(meta, at)), 1)
      continue
    }
    const [first, last] = await Promise.all([stepAt(low), stepAt(high - 1)])
    if (first === last) add(counts, first, high - low)
    else stack.push([low, (low + high) >> 1], [(low + high) >> 1, high])
  }
}

function add(counts: number[], step: number, lines: number): void {
  counts[step] = (counts[step] ?? 0) + lines
}
