import { logLevels, logStreams } from '#contract/log-words.ts'
import type { LogLevel, LogStream } from '#contract/logs.ts'

/**
 * A segment is two files. `.text` is the plain text of the log, which ripgrep searches as it is: each record's text and
 * a newline, then, for a record with fields, a line of U+001F and their JSON (cleaned text never contains U+001F).
 * `.meta` has 32 bytes for each entry, so that the n-th is found without an index, and seq and time by bisection:
 *
 *   0 seq (6) · 6 time, ms (6) · 12 end in .text (4) · 16 offset in the source (6) · 22 source (2) · 24 kind · 25 level
 *   · 26 stream · 27 part · 28 bytes of the fields' line, or the lines of a gap (4)
 *
 * Little-endian. The offset says where the source goes on after the entry, so that what was stored and how far
 * was read can never disagree. Text is written before meta: an entry counts when its text is there.
 */
export const entrySize = 32

export const kinds = { record: 1, gap: 2, source: 3, ended: 4 } as const
export type Kind = (typeof kinds)[keyof typeof kinds]

export const parts = ['whole', 'first', 'middle', 'last'] as const

export interface Entry {
  seq: number
  time: number
  end: number
  offset: number
  source: number
  kind: Kind
  level: number
  stream: number
  part: number
  /** Bytes of the fields' line, or lines of a gap. */
  extra: number
}

export function writeEntry(to: Buffer, at: number, entry: Entry): void {
  write48(to, at, entry.seq)
  write48(to, at + 6, entry.time)
  to.writeUInt32LE(entry.end, at + 12)
  write48(to, at + 16, entry.offset)
  to.writeUInt16LE(entry.source, at + 22)
  to[at + 24] = entry.kind
  to[at + 25] = entry.level
  to[at + 26] = entry.stream
  to[at + 27] = entry.part
  to.writeUInt32LE(Math.min(entry.extra, 0xffffffff), at + 28)
}

export function readEntry(from: Buffer, at: number): Entry {
  return {
    seq: seqAt(from, at),
    time: timeAt(from, at),
    end: endAt(from, at),
    offset: read48(from, at + 16),
    source: from.readUInt16LE(at + 22),
    kind: kindAt(from, at),
    level: from[at + 25] ?? 0,
    stream: from[at + 26] ?? 0,
    part: from[at + 27] ?? 0,
    extra: from.readUInt32LE(at + 28),
  }
}

export function seqAt(from: Buffer, at: number): number {
  return read48(from, at)
}
export function timeAt(from: Buffer, at: number): number {
  return read48(from, at + 6)
}
export function endAt(from: Buffer, at: number): number {
  return from.readUInt32LE(at + 12)
}
export function kindAt(from: Buffer, at: number): Kind {
  // What is on disk was checked when the segment was opened.
  return from[at + 24] as Kind
}

export function levelName(number: number): LogLevel {
  return logLevels[number] ?? 'info'
}
export function streamName(number: number): LogStream {
  return logStreams[number] ?? 'stdout'
}

function write48(to: Buffer, at: number, value: number): void {
  to.writeUInt32LE(value >>> 0, at)
  to.writeUInt16LE(Math.floor(value / 0x1_0000_0000), at + 4)
}

function read48(from: Buffer, at: number): number {
  return from.readUInt32LE(at) + from.readUInt16LE(at + 4) * 0x1_0000_0000
}
