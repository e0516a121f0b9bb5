import type { LogFilter } from '#contract/logs.ts'
import { entrySize, kindAt, kinds, seqAt } from './entry.ts'
import type { Journal } from './journal.ts'
import type { Position } from './scan.ts'
import { SegmentReader, type Segment } from './segment.ts'

export interface Range {
  segment: Segment
  from: number
  to: number
}

/** Everything that can be read now. */
export function wholeLog(journal: Journal): Range[] {
  return journal.segments.map((segment) => ({ segment, from: 0, to: segment.entries }))
}

/** What lies before a position, or from it on. What retention has deleted is passed over. */
export function cutAt(ranges: readonly Range[], position: Position, isBack: boolean): Range[] {
  return ranges.flatMap(({ segment, from, to }) => {
    if (segment.firstSeq === position.firstSeq)
      return [
        isBack
          ? { segment, from, to: Math.min(to, position.index) }
          : { segment, from: Math.max(from, position.index), to },
      ]
    return segment.firstSeq < position.firstSeq === isBack ? [{ segment, from, to }] : []
  })
}

/** What can lie between the times, found by bisection. */
export async function cutByTime(ranges: readonly Range[], filter: LogFilter): Promise<Range[]> {
  const { since, until } = filter
  const result: Range[] = []
  for (const range of ranges) {
    const { segment } = range
    if (since !== undefined && segment.lastTime < since) continue
    if ((since === undefined && until === undefined) || range.from >= range.to) {
      result.push(range)
      continue
    }
    await using reader = await SegmentReader.open(segment)
    if (reader === undefined) continue
    const from = since === undefined ? 0 : await reader.findTime(since)
    const to = until === undefined ? Infinity : await reader.findTime(until + 1)
    result.push({ segment, from: Math.max(range.from, from), to: Math.min(range.to, to) })
    // Time never goes back: the segments after this one are later still.
    if (to < segment.entries) break
  }
  return result
}

/** The place of the record, or of the first thing after it. */
export async function positionOf(journal: Journal, seq: number): Promise<Position> {
  const segment = journal.segments.findLast((candidate) => candidate.firstSeq <= seq) ?? journal.segments[0]
  if (segment === undefined) return { firstSeq: 1, index: 0 }
  await using reader = await SegmentReader.open(segment)
  return { firstSeq: segment.firstSeq, index: (await reader?.findSeq(seq)) ?? 0 }
}

/** The place right after the record: gaps that follow it come next. */
export async function positionAfter(journal: Journal, seq: number): Promise<Position> {
  const { firstSeq, index } = await positionOf(journal, seq)
  const segment = journal.segments.find((candidate) => candidate.firstSeq === firstSeq)
  if (segment === undefined || index >= segment.entries) return { firstSeq, index }
  await using reader = await SegmentReader.open(segment)
  const meta = await reader?.readMeta(index, index + 1)
  const isIt =
    meta !== undefined && meta.length === entrySize && kindAt(meta, 0) === kinds.record && seqAt(meta, 0) === seq
  return { firstSeq, index: isIt ? index + 1 : index }
}

export function endOf(journal: Journal): Position {
  const last = journal.segments.at(-1)
  return last === undefined ? { firstSeq: 1, index: 0 } : { firstSeq: last.firstSeq, index: last.entries }
}
