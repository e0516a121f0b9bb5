import { open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { endAt, entrySize, kindAt, kinds, readEntry, seqAt, timeAt, type Entry } from './entry.ts'

/** What a source entry says, once in each segment. */
export interface SourceLabel {
  instanceId: string | null
  revision: string | null
  /** The file that it comes from; null for the platform's own lines. */
  file: 'stdout' | 'stderr' | null
}

/** A stretch of a log. What is counted here has been written and is whole. */
export interface Segment {
  /** Path without `.text` or `.meta`. */
  path: string
  /** No record in it has a smaller one. */
  firstSeq: number
  entries: number
  textBytes: number
  /** Of its last entry; 0 while it is empty. */
  lastTime: number
  /** Seq of its last record; `firstSeq - 1` while it has none. */
  lastSeq: number
  /** What its source numbers mean, as far as anyone has looked. */
  labels?: { upTo: number; byNumber: Map<number, SourceLabel> }
}

const scanBytes = 2 ** 20

export function segmentPath(dir: string, firstSeq: number): string {
  return join(dir, String(firstSeq).padStart(16, '0'))
}

/** Every segment of a folder, in order, each cut to what is whole. */
export async function listSegments(dir: string): Promise<Segment[]> {
  const names = await readdir(dir).catch(() => [] as string[])
  const starts = names.flatMap((name) => (/^\d{16}\.meta$/.test(name) ? [Number(name.slice(0, 16))] : []))
  starts.sort((a, b) => a - b)
  const segments: Segment[] = []
  for (const start of starts) segments.push(await measure(segmentPath(dir, start), start))
  const newest = segments.pop()
  if (newest !== undefined) segments.push(await cutAtDamage(newest))
  return segments
}

async function measure(path: string, firstSeq: number): Promise<Segment> {
  await using meta = await open(`${path}.meta`, 'r')
  await using text = await open(`${path}.text`, 'a+')
  const textSize = (await text.stat()).size
  for (let entries = Math.floor((await meta.stat()).size / entrySize); entries > 0; entries--) {
    const last = readEntry(await readAt(meta, (entries - 1) * entrySize, entrySize), 0)
    if (last.time > 0 && last.end <= textSize)
      return { path, firstSeq, entries, textBytes: last.end, lastTime: last.time, lastSeq: last.seq }
  }
  return { path, firstSeq, entries: 0, textBytes: 0, lastTime: 0, lastSeq: firstSeq - 1 }
}

/** After a loss of power a page in the middle of what was not synced may be missing, of the one file or the other: what follows it does not count. */
async function cutAtDamage(segment: Segment): Promise<Segment> {
  await using reader = await SegmentReader.open(segment)
  const meta = (await reader?.readMeta(0, segment.entries)) ?? Buffer.alloc(0)
  const whole = (await reader?.wholeText()) ?? 0
  for (let at = 0, end = 0, entries = 0; at < meta.length; at += entrySize, entries++) {
    if (timeAt(meta, at) > 0 && kindAt(meta, at) > 0 && endAt(meta, at) >= end && endAt(meta, at) <= whole) {
      end = endAt(meta, at)
      continue
    }
    const last = entries === 0 ? undefined : readEntry(meta, at - entrySize)
    return {
      ...segment,
      entries,
      textBytes: end,
      lastTime: last?.time ?? 0,
      lastSeq: last?.seq ?? segment.firstSeq - 1,
    }
  }
  return segment
}

/** Opened to be read: entries by place, text by byte. */
export class SegmentReader {
  readonly segment: Segment
  private readonly meta: FileHandle
  private readonly text: FileHandle

  private constructor(segment: Segment, meta: FileHandle, text: FileHandle) {
    this.segment = segment
    this.meta = meta
    this.text = text
  }

  /** Undefined when retention has deleted it meanwhile. */
  static async open(segment: Segment): Promise<SegmentReader | undefined> {
    try {
      const meta = await open(`${segment.path}.meta`, 'r')
      const text = await open(`${segment.path}.text`, 'r').catch(async (error: unknown) => {
        await meta.close()
        throw error
      })
      return new SegmentReader(segment, meta, text)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Entries `from` (included) to `to` (not), `entrySize` bytes each. */
  async readMeta(from: number, to: number): Promise<Buffer> {
    return readAt(this.meta, from * entrySize, (to - from) * entrySize)
  }

  async readText(from: number, to: number): Promise<Buffer> {
    return readAt(this.text, from, to - from)
  }

  /** Up to the first NUL, which no text has: there the disk had the file's length, and not what was written. */
  async wholeText(): Promise<number> {
    for (let from = 0; from < this.segment.textBytes; from += scanBytes) {
      const found = (await this.readText(from, Math.min(this.segment.textBytes, from + scanBytes))).indexOf(0)
      if (found >= 0) return from + found
    }
    return this.segment.textBytes
  }

  /** Where the text of entry `index` begins. */
  async textStart(index: number): Promise<number> {
    return index === 0 ? 0 : endAt(await this.readMeta(index - 1, index), 0)
  }

  /** The first entry whose seq, or time, is at least the value. */
  async findSeq(seq: number): Promise<number> {
    return this.bisect((meta) => seqAt(meta, 0) >= seq)
  }
  async findTime(time: number): Promise<number> {
    return this.bisect((meta) => timeAt(meta, 0) >= time)
  }

  private async bisect(isAfter: (meta: Buffer) => boolean): Promise<number> {
    let low = 0
    let high = this.segment.entries
    while (low < high) {
      const middle = (low + high) >> 1
      if (isAfter(await this.readMeta(middle, middle + 1))) high = middle
      else low = middle + 1
    }
    return low
  }

  /** What the source numbers of the first `upTo` entries mean. */
  async sources(upTo: number): Promise<ReadonlyMap<number, SourceLabel>> {
    const labels = (this.segment.labels ??= { upTo: 0, byNumber: new Map() })
    if (labels.upTo >= upTo) return labels.byNumber
    // Another reader of the segment may go further meanwhile.
    const from = labels.upTo
    const meta = await this.readMeta(from, upTo)
    const before = await this.textStart(from)
    for (let at = 0; at < meta.length; at += entrySize) {
      if (meta[at + 24] !== kinds.source) continue
      const text = await this.readText(at === 0 ? before : endAt(meta, at - entrySize), endAt(meta, at))
      labels.byNumber.set(meta.readUInt16LE(at + 22), JSON.parse(text.toString()) as SourceLabel)
    }
    labels.upTo = Math.max(labels.upTo, upTo)
    return labels.byNumber
  }

  async close(): Promise<void> {
    await Promise.all([this.meta.close(), this.text.close()])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

export interface RecoveredSource {
  number: number
  label: SourceLabel
  offset: number
  ended: boolean
}

/** How far each source of a segment has been stored. */
export async function recoverSources(segment: Segment): Promise<RecoveredSource[]> {
  await using reader = await SegmentReader.open(segment)
  if (reader === undefined) return []
  const labels = await reader.sources(segment.entries)
  const meta = await reader.readMeta(0, segment.entries)
  const last = new Map<number, Entry>()
  for (let at = 0; at < meta.length; at += entrySize) last.set(meta.readUInt16LE(at + 22), readEntry(meta, at))
  return [...last].flatMap(([number, entry]) => {
    const label = labels.get(number)
    return label === undefined ? [] : [{ number, label, offset: entry.offset, ended: entry.kind === kinds.ended }]
  })
}

export async function deleteSegment(segment: Segment): Promise<void> {
  // Text first: a lone meta is seen and cut to nothing, a lone text would never be found.
  await rm(`${segment.path}.text`, { force: true })
  await rm(`${segment.path}.meta`, { force: true })
}

async function readAt(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.max(0, length))
  let done = 0
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, from + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return buffer.subarray(0, done)
}
