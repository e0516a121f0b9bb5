import { entrySize, writeEntry, type Entry } from './entry.ts'
import type { Segment } from './segment.ts'
import type { Source } from './journal.ts'

/** Entries on their way to one segment, as the bytes that will be written. */
export class Batch {
  readonly segment: Segment
  readonly firstEntry: number
  readonly textFrom: number
  entries = 0
  lastSeq: number
  lastTime: number
  /** How far each source is stored once this is. */
  readonly offsets = new Map<Source, number>()
  private text: Buffer = Buffer.allocUnsafe(4096)
  private textLength = 0
  private meta: Buffer = Buffer.allocUnsafe(1024)

  constructor(segment: Segment, firstEntry: number, textFrom: number) {
    this.segment = segment
    this.firstEntry = firstEntry
    this.textFrom = textFrom
    this.lastSeq = segment.lastSeq
    this.lastTime = segment.lastTime
  }

  get bytes(): number {
    return this.textLength + this.entries * entrySize
  }
  get textEnd(): number {
    return this.textFrom + this.textLength
  }
  get textBytes(): Buffer {
    return this.text.subarray(0, this.textLength)
  }
  get metaBytes(): Buffer {
    return this.meta.subarray(0, this.entries * entrySize)
  }

  putBytes(bytes: Buffer, start: number, end: number): void {
    this.reserve(end - start + 1)
    bytes.copy(this.text, this.textLength, start, end)
    this.textLength += end - start
    this.text[this.textLength++] = 10
  }

  /** Puts a line, gives its bytes with the newline. */
  putText(line: string): number {
    const before = this.textLength
    this.reserve(line.length * 3 + 1)
    this.textLength += this.text.write(line, before)
    this.text[this.textLength++] = 10
    return this.textLength - before
  }

  /** The entry whose text has just been put; its `end` is set here. */
  close(entry: Entry): void {
    const at = this.entries * entrySize
    if (at + entrySize > this.meta.length) this.meta = grown(this.meta, at, at + entrySize)
    entry.end = this.textEnd
    writeEntry(this.meta, at, entry)
    this.entries++
    this.lastSeq = entry.seq
    this.lastTime = entry.time
  }

  private reserve(more: number): void {
    if (this.textLength + more > this.text.length) this.text = grown(this.text, this.textLength, this.textLength + more)
  }
}

function grown(buffer: Buffer, used: number, needed: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, needed))
  buffer.copy(larger, 0, 0, used)
  return larger
}
