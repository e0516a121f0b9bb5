import { isLogGap } from '#contract/log-words.ts'
import type { LogEntry, LogGap, LogRecord } from '#contract/logs.ts'

/** What one row of a log view shows. Rows keep their identity for as long as they are held. */
export type Row =
  | { kind: 'line'; id: string; at: number; record: LogRecord }
  | { kind: 'gap'; id: string; at: number; gap: LogGap }
  /** The connection was lost `from`, and was back `to` (the browser's clock); null while it is away. */
  | { kind: 'break'; id: string; at: number; from: number; to: number | null }

/** The log that a line belongs to: seqs count within it. */
export const logOf = (entry: { service?: string | undefined; environment?: string | undefined }) =>
  `${entry.service ?? ''}/${entry.environment ?? ''}`

/**
 * The part of a history that is held in memory: rows in the order of their time, those of one log in the order of their
 * seqs, none twice. It is a window without holes: what lies between its ends is all there.
 */
export class LineWindow {
  #rows: Row[] = []
  /** Highest seq of each log held. */
  #last = new Map<string, number>()
  #gaps = new Set<string>()
  #breaks = 0

  get rows(): readonly Row[] {
    return this.#rows
  }

  /** Takes what comes after, oldest first; gives how many rows it made. What is known already is passed over. */
  append(entries: readonly LogEntry[]): number {
    let count = 0
    for (const entry of entries) {
      const row = this.#take(entry)
      if (row === undefined) continue
      this.#place(row)
      count++
    }
    return count
  }

  /** Takes what came before, oldest first; gives how many rows it made. */
  prepend(entries: readonly LogEntry[]): number {
    const first = this.ends('first')
    const older: Row[] = []
    for (const entry of entries) {
      const log = logOf(entry)
      const limit = first[log]
      if (isLogGap(entry)) {
        const id = gapId(entry)
        if (this.#gaps.has(id)) continue
        this.#gaps.add(id)
        older.push({ kind: 'gap', id, at: timeOf(entry), gap: entry })
      } else if (limit === undefined || entry.seq < limit) {
        older.push({ kind: 'line', id: `${log}:${entry.seq}`, at: Date.parse(entry.time), record: entry })
        if (limit === undefined) this.#last.set(log, Math.max(this.#last.get(log) ?? 0, entry.seq))
      }
    }
    this.#rows = older.concat(this.#rows)
    return older.length
  }

  /** Marks the newest end: from here on the connection was away. */
  breakOff(from: number): void {
    const last = this.#rows.at(-1)
    if (last?.kind === 'break' && last.to === null) return
    this.#rows.push({ kind: 'break', id: `break:${++this.#breaks}`, at: last?.at ?? 0, from, to: null })
  }

  /** It is back. The row is replaced, so that it is drawn anew. */
  comeBack(to: number): void {
    const at = this.#rows.findLastIndex((row) => row.kind === 'break' && row.to === null)
    const row = this.#rows[at]
    if (row?.kind === 'break') this.#rows[at] = { ...row, to }
  }

  dropFirst(count: number): void {
    this.#forget(this.#rows.slice(0, count))
    this.#rows = this.#rows.slice(count)
    if (this.#rows.length === 0) this.#last.clear()
  }

  dropLast(count: number): void {
    const keep = Math.max(0, this.#rows.length - count)
    this.#forget(this.#rows.slice(keep))
    this.#rows = this.#rows.slice(0, keep)
    this.#last = new Map(Object.entries(this.ends('last')))
  }

  /** Seq of the first, or last, record held of each log: where to read on. */
  ends(end: 'first' | 'last'): Record<string, number> {
    const seqs: Record<string, number> = {}
    for (const row of this.#rows) {
      if (row.kind === 'break') continue
      const log = row.kind === 'line' ? logOf(row.record) : logOf(row.gap)
      // Before a gap comes the record that it follows, which is not held.
      const seq =
        row.kind === 'line' ? row.record.seq : end === 'first' ? (row.gap.after ?? 0) + 1 : (row.gap.after ?? 0)
      if (end === 'last' || !(log in seqs)) seqs[log] = end === 'last' ? Math.max(seq, seqs[log] ?? 0) : seq
    }
    return seqs
  }

  #take(entry: LogEntry): Row | undefined {
    const log = logOf(entry)
    if (isLogGap(entry)) {
      const id = gapId(entry)
      if (this.#gaps.has(id)) return undefined
      this.#gaps.add(id)
      return { kind: 'gap', id, at: timeOf(entry) || (this.#rows.at(-1)?.at ?? 0), gap: entry }
    }
    if (entry.seq <= (this.#last.get(log) ?? 0)) return undefined
    this.#last.set(log, entry.seq)
    return { kind: 'line', id: `${log}:${entry.seq}`, at: Date.parse(entry.time), record: entry }
  }

  /** Of several logs one may be told of a moment later: its line still stands at its time. */
  #place(row: Row): void {
    const rows = this.#rows
    let at = rows.length
    while (at > 0 && (rows[at - 1] as Row).at > row.at) at--
    if (at === rows.length) rows.push(row)
    else rows.splice(at, 0, row)
  }

  #forget(rows: readonly Row[]): void {
    for (const row of rows) if (row.kind === 'gap') this.#gaps.delete(row.id)
  }
}

const timeOf = (gap: LogGap): number => (gap.time === undefined ? 0 : Date.parse(gap.time))
const gapId = (gap: LogGap) => `${logOf(gap)}~${gap.after ?? 0}~${gap.gap}~${gap.why}`
