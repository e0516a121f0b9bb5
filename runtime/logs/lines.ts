import type { LogLevel } from '#contract/logs.ts'
import { cleanText, isClean, withoutColours } from './clean.ts'
import { parseJsonLine } from './json-line.ts'
import { levelOf } from './level.ts'
import type { Mask } from './mask.ts'
import { Trace } from './trace.ts'

/** Longer lines are cut, each piece marked. */
export const maxLine = 64 * 1024
const maxTraceLines = 1000
/** How much of a line says what it is. */
const startLength = 200

export type Part = 'whole' | 'first' | 'middle' | 'last'

export interface ParsedLine {
  text: Buffer
  /** Where the text begins and ends in `text`. */
  start: number
  end: number
  level: LogLevel
  part: Part
  /** The rest of a JSON line, as JSON. */
  rest: string | undefined
  /** Where the source goes on after this record. */
  offset: number
}

interface HeldLine {
  text: Buffer
  offset: number
}

/**
 * Bytes of one stream in, records out: the same records however the bytes were cut. What may yet grow (a line without
 * its newline, a stack trace) is held until {@link release} or {@link finish}.
 */
export class LineParser {
  private carry: Buffer = Buffer.alloc(0)
  /** Offset in the source of the first byte of `carry`. */
  private offset = 0
  private inLong = false
  private trace: Trace | undefined
  private held: HeldLine[] = []
  private heldBytes = 0
  private confirmed = 0
  private readonly stderr: boolean
  private readonly mask: Mask
  private readonly emit: (line: ParsedLine) => void
  /** One object for all lines: the receiver copies what it wants. */
  private readonly out: ParsedLine = {
    text: this.carry,
    start: 0,
    end: 0,
    level: 'info',
    part: 'whole',
    rest: undefined,
    offset: 0,
  }

  constructor(options: { stderr: boolean; mask: Mask; emit: (line: ParsedLine) => void }) {
    this.stderr = options.stderr
    this.mask = options.mask
    this.emit = options.emit
  }

  /** Whether a trace waits for its next line. */
  get holding(): boolean {
    return this.trace !== undefined
  }

  /** The chunk is not kept: its memory may be used again. Its bytes begin where the last chunk's ended. */
  feed(chunk: Buffer): void {
    const data = this.carry.length === 0 ? chunk : Buffer.concat([this.carry, chunk])
    const whole = data.lastIndexOf(10) + 1
    const clean = isClean(data, 0, whole)
    let secret = clean ? this.mask.find(data, 0, whole) : undefined
    let at = 0
    while (at < whole) {
      const end = data.indexOf(10, at)
      const start = end - at > maxLine ? this.cut(data, at, end) : at
      // A line that holds a secret, or in a chunk with odd bytes, goes the slow way.
      const odd = !clean || (secret !== undefined && secret.start < end)
      this.line(data, start, end > start && data[end - 1] === 13 ? end - 1 : end, this.offset + end + 1, odd)
      at = end + 1
      if (odd && clean) secret = this.mask.find(data, at, whole)
    }
    const start =
      data.length - at > maxLine + this.mask.longest ? this.cut(data, at, data.length, this.mask.longest) : at
    this.carry = Buffer.from(data.subarray(start))
    this.offset += start
  }

  /** The trace is complete as far as anyone waits for it. */
  release(): void {
    const { trace, held, confirmed } = this
    if (trace === undefined) return
    this.trace = undefined
    this.held = []
    const [first] = held
    const last = held[confirmed - 1]
    if (first === undefined || last === undefined) return
    const level = this.level(first.text)
    if (confirmed === 1) this.put(first.text, level, first.offset)
    else this.put(joinLines(held.slice(0, confirmed)), level === 'info' ? 'error' : level, last.offset)
    for (const line of held.slice(confirmed)) this.put(line.text, this.level(line.text), line.offset)
  }

  /** The source has ended: what it left without a newline is a line too. */
  finish(): void {
    const { carry } = this
    this.carry = Buffer.alloc(0)
    this.offset += carry.length
    if (carry.length > 0) {
      const start = carry.length > maxLine ? this.cut(carry, 0, carry.length, 0, this.offset - carry.length) : 0
      this.line(carry, start, carry.length, this.offset, true)
    }
    this.release()
  }

  /** Goes on at another place of the source; an unfinished line is dropped. */
  seek(offset: number): void {
    this.release()
    this.carry = Buffer.alloc(0)
    this.offset = offset
    this.inLong = false
  }

  /** Emits pieces of an over-long line; gives where the rest of it starts, at most `maxLine` (and `keep`) before `end`. */
  private cut(data: Buffer, start: number, end: number, keep = 0, base = this.offset): number {
    this.release()
    while (end - start > maxLine + keep) {
      const at = this.cutPlace(data, start, end)
      const piece = this.tidy(data.subarray(start, at))
      // Nothing but NULs (a sparse file) is nothing.
      if (piece.length > 0) this.put(piece, this.level(piece), base + at, this.inLong ? 'middle' : 'first')
      this.inLong = true
      start = at
    }
    return start
  }

  /** Neither inside a character nor inside a secret. */
  private cutPlace(data: Buffer, start: number, end: number): number {
    let at = start + maxLine
    for (let back = 0; back < 3 && ((data[at] ?? 0) & 0xc0) === 0x80; back++) at--
    const limit = Math.min(end, at + this.mask.longest)
    let found = this.mask.find(data, Math.max(start, at - this.mask.longest), limit)
    while (found !== undefined && found.start < at) {
      if (found.end > at) return found.start > start ? found.start : found.end
      found = this.mask.find(data, found.start + 1, limit)
    }
    return at
  }

  private line(data: Buffer, start: number, end: number, offset: number, odd: boolean): void {
    if (!odd)
      return this.inLong ? this.lastPiece(data, start, end, offset) : this.tidyLine(data, start, end, offset, false)
    const raw = data.subarray(start, end)
    const clean = isClean(raw, 0, raw.length) ? raw : Buffer.from(cleanText(raw.toString()))
    // JSON is masked value by value, or a masked number would break it.
    if (!this.inLong && looksLikeJson(clean, 0, clean.length) && this.json(clean, 0, clean.length, offset, true)) return
    const text = this.mask.apply(clean)
    if (this.inLong) this.lastPiece(text, 0, text.length, offset)
    else this.tidyLine(text, 0, text.length, offset, true)
  }

  private lastPiece(data: Buffer, start: number, end: number, offset: number): void {
    this.inLong = false
    this.put(data, this.level(data.subarray(start, start + startLength)), offset, 'last', start, end)
  }

  private tidyLine(data: Buffer, start: number, end: number, offset: number, odd: boolean): void {
    if (!odd && looksLikeJson(data, start, end) && this.json(data, start, end, offset, false)) return
    const latin = data.toString('latin1', start, Math.min(end, start + startLength))
    const words = odd ? withoutColours(latin) : latin
    if (this.trace !== undefined && this.belongs(words, data, start, end, offset)) return
    this.trace = Trace.begin(words)
    if (this.trace === undefined) return this.put(data, levelOf(words, this.stderr), offset, 'whole', start, end)
    this.held = [{ text: Buffer.from(data.subarray(start, end)), offset }]
    this.heldBytes = end - start
    this.confirmed = 1
  }

  /** Whether the line goes on with the trace; otherwise the trace has ended. */
  private belongs(words: string, data: Buffer, start: number, end: number, offset: number): boolean {
    const full = this.heldBytes + end - start > maxLine || this.held.length >= maxTraceLines
    const step = full ? 'no' : (this.trace?.step(words) ?? 'no')
    if (step === 'no') {
      this.release()
      return false
    }
    this.held.push({ text: Buffer.from(data.subarray(start, end)), offset })
    this.heldBytes += end - start
    if (step === 'part') this.confirmed = this.held.length
    return true
  }

  private json(data: Buffer, start: number, end: number, offset: number, odd: boolean): boolean {
    const line = data.toString('utf8', start, end)
    const parsed = parseJsonLine(line)
    if (parsed === undefined) return false
    // An escape may hide a secret from a search of the bytes.
    const suspect = !this.mask.empty && (odd || line.includes('\\'))
    let rest: string | undefined
    try {
      rest = JSON.stringify(suspect ? this.mask.applyValue(parsed.rest) : parsed.rest)
    } catch {
      // Nested so deeply that it can be read but not written: kept as the text that it is.
      return false
    }
    this.release()
    const text = Buffer.from(cleanText(suspect ? this.mask.applyText(parsed.text) : parsed.text))
    const level = parsed.level ?? levelOf(text.toString('latin1', 0, startLength), this.stderr)
    this.put(text, level, offset, 'whole', 0, text.length, rest === '{}' ? undefined : rest)
    return true
  }

  private tidy(bytes: Buffer): Buffer {
    return this.mask.apply(isClean(bytes, 0, bytes.length) ? bytes : Buffer.from(cleanText(bytes.toString())))
  }

  private level(text: Buffer): LogLevel {
    return levelOf(withoutColours(text.toString('latin1', 0, startLength)), this.stderr)
  }

  private put(
    text: Buffer,
    level: LogLevel,
    offset: number,
    part: Part = 'whole',
    start = 0,
    end = text.length,
    rest?: string,
  ): void {
    const { out } = this
    out.text = text
    out.start = start
    out.end = end
    out.level = level
    out.part = part
    out.rest = rest
    out.offset = offset
    this.emit(out)
  }
}

function looksLikeJson(data: Buffer, start: number, end: number): boolean {
  return end - start > 1 && data[end - 1] === 0x7d && (data[start] === 0x7b || data[start] === 0x20)
}

function joinLines(lines: readonly HeldLine[]): Buffer {
  const newline = Buffer.from('\n')
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line.text] : [newline, line.text])))
}
