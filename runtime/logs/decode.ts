import { entrySize, kindAt, kinds, levelName, parts, readEntry, streamName } from './entry.ts'
import { splitTrace } from './json-line.ts'
import type { LogTarget, StoredEntry } from './record.ts'
import type { SegmentReader, SourceLabel } from './segment.ts'

/** Entries further apart than this are read one by one. */
const runGapBytes = 32 * 1024
const runBytes = 1024 * 1024

/** A stretch of a segment's entries in memory, with the end of the entry before it. */
export interface MetaBlock {
  meta: Buffer
  /** Index of the first entry. */
  from: number
  textFrom: number
  sources: ReadonlyMap<number, SourceLabel>
}

export async function readBlock(reader: SegmentReader, from: number, to: number): Promise<MetaBlock> {
  const before = from === 0 ? 0 : 1
  const [meta, sources] = await Promise.all([reader.readMeta(from - before, to), reader.sources(to)])
  const textFrom = before === 0 ? 0 : meta.readUInt32LE(12)
  return { meta: meta.subarray(before * entrySize), from, textFrom, sources }
}

export function textStart(block: MetaBlock, place: number): number {
  return place === 0 ? block.textFrom : block.meta.readUInt32LE((place - 1) * entrySize + 12)
}
export function textEnd(block: MetaBlock, place: number): number {
  return block.meta.readUInt32LE(place * entrySize + 12)
}

/** The entries at these places of the block, in ascending order. Near ones are read together, far ones side by side. */
export async function decodeEntries(
  reader: SegmentReader,
  target: LogTarget,
  block: MetaBlock,
  places: readonly number[],
): Promise<StoredEntry[]> {
  const runs: { places: readonly number[]; from: number; to: number }[] = []
  for (let first = 0; first < places.length;) {
    const from = textStart(block, places[first] as number)
    let next = first + 1
    let to = textEnd(block, places[first] as number)
    for (; next < places.length; next++) {
      const place = places[next] as number
      if (textStart(block, place) - to > runGapBytes || textEnd(block, place) - from > runBytes) break
      to = textEnd(block, place)
    }
    runs.push({ places: places.slice(first, next), from, to })
    first = next
  }
  const decoded = await Promise.all(
    runs.map(async (run) => {
      const text = await reader.readText(run.from, run.to)
      return run.places.map((place) =>
        decode(
          target,
          block,
          place,
          text.subarray(textStart(block, place) - run.from, textEnd(block, place) - run.from),
        ),
      )
    }),
  )
  return decoded.flat()
}

function decode(target: LogTarget, block: MetaBlock, place: number, bytes: Buffer): StoredEntry {
  const entry = readEntry(block.meta, place * entrySize)
  if (kindAt(block.meta, place * entrySize) === kinds.gap) {
    return {
      ...idsOf(target),
      kind: 'gap',
      gap: entry.extra,
      why: bytes.toString('utf8', 0, bytes.length - 1),
      after: entry.seq,
      time: entry.time,
    }
  }
  const label = block.sources.get(entry.source)
  const textLength = bytes.length - entry.extra - 1
  return {
    ...idsOf(target),
    kind: 'record',
    seq: entry.seq,
    time: entry.time,
    revision: label?.revision ?? null,
    instanceId: label?.instanceId ?? null,
    stream: streamName(entry.stream),
    level: levelName(entry.level),
    text: bytes.toString('utf8', 0, textLength),
    ...(entry.part !== 0 && { fields: { part: parts[entry.part] } }),
    ...(entry.extra > 0 && decodeRest(bytes.toString('utf8', textLength + 2, bytes.length - 1))),
  }
}

function decodeRest(json: string): ReturnType<typeof splitTrace> {
  try {
    return splitTrace(JSON.parse(json) as Record<string, unknown>)
  } catch {
    return { fields: { damaged: json } }
  }
}

function idsOf(target: LogTarget): LogTarget {
  return { serviceId: target.serviceId, environmentId: target.environmentId }
}
