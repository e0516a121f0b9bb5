import { RE2JS } from 're2js'
import { logLevels, logStreams } from '#contract/log-words.ts'
import type { LogFilter, LogMatch } from '#contract/logs.ts'
import { PlatformError } from '#contract/errors.ts'
import { kinds, timeAt } from './entry.ts'
import type { StoredEntry } from './record.ts'
import { badRegex, ripgrep } from './ripgrep.ts'
import type { SourceLabel } from './segment.ts'

/** A filter made ready: what the 32 bytes of an entry tell first, its text last. */
export interface CompiledFilter {
  /** Conditions on the text; a history is searched by ripgrep, see search.ts. */
  match: readonly LogMatch[]
  /** Looks at the entry at byte `at` of `meta`, and where it came from. */
  admits(meta: Buffer, at: number, sources: ReadonlyMap<number, SourceLabel>): boolean
  /** Whether matching lines may still be refused by {@link isTraced}. */
  looksCloser: boolean
  /** Refuses now what cannot be used later. */
  prepare(signal: AbortSignal): Promise<void>
  isTraced(entry: StoredEntry): boolean
  /** Looks at all that the meta does not tell. Only of conditions without expressions. */
  accepts(entry: StoredEntry): boolean
  /** The same of many, with expressions. */
  accepted(entries: readonly StoredEntry[], signal: AbortSignal): Promise<StoredEntry[]>
}

/** Characters of text times those of the expressions that are tried on them here: some milliseconds. What would take more is ripgrep's. */
const mostWorkHere = 2_000_000
/** Where something is repeated so and so often, a short expression is a large program. */
const isSmall = (regex: string): boolean => regex.length <= 100 && !regex.includes('{')
const patienceMs = 10_000

export function compileFilter(filter: LogFilter): CompiledFilter {
  const { trace } = filter
  // The trace id is in the fields' line, so searching for it finds all candidates.
  const match = [...(filter.match ?? []), ...(trace === undefined ? [] : [{ text: trace, case: true }])]
  const least = filter.level === undefined ? 0 : logLevels.indexOf(filter.level)
  const levels = filter.levels && new Set(filter.levels.map((level) => logLevels.indexOf(level)))
  const streams = filter.stream && new Set(filter.stream.map((stream) => logStreams.indexOf(stream)))
  const { since = 0, until = Infinity } = filter
  const instances = filter.instance && new Set<string | null>(filter.instance)
  const revisions = filter.revision && new Set<string | null>(filter.revision)
  let tests: readonly ((entry: StoredEntry) => boolean)[] | undefined
  return {
    match,
    looksCloser: trace !== undefined,
    admits(meta, at, sources) {
      const kind = meta[at + 24]
      if (kind !== kinds.record && kind !== kinds.gap) return false
      const time = timeAt(meta, at)
      if (time < since || time > until) return false
      if (streams && !streams.has(meta[at + 26] ?? 0)) return false
      if (kind === kinds.record) {
        const level = meta[at + 25] ?? 0
        if (level < least || (levels && !levels.has(level))) return false
      }
      if (instances === undefined && revisions === undefined) return true
      const label = sources.get(meta.readUInt16LE(at + 22))
      if (label === undefined) return false
      return (instances?.has(label.instanceId) ?? true) && (revisions?.has(label.revision) ?? true)
    },
    async prepare(signal) {
      for (const each of match) {
        if (each.regex === undefined) continue
        if (isSmall(each.regex)) compileRegex(each.regex)
        else await ripgrep(each, { bytes: Buffer.alloc(0) }, signal)
      }
    },
    isTraced: (entry) => trace === undefined || entry.kind === 'gap' || entry.trace === trace,
    accepts(entry) {
      tests ??= match.map(compileMatch)
      return this.isTraced(entry) && tests.every((test) => test(entry))
    },
    async accepted(entries, signal) {
      const rest = entries.filter((entry) => this.isTraced(entry))
      const expressions = match.flatMap(({ regex }) => regex ?? [])
      const work =
        expressions.reduce((sum, { length }) => sum + length, 0) * rest.reduce((sum, entry) => sum + lengthOf(entry), 0)
      if (expressions.every(isSmall) && work <= mostWorkHere) return rest.filter((entry) => this.accepts(entry))
      const found = await Promise.all(match.map((each) => matching(each, rest, signal)))
      return rest.filter(
        (entry, index) =>
          entry.kind === 'gap' || found.every((indices, at) => indices.has(index) !== (match[at]?.not ?? false)),
      )
    },
  }
}

const lengthOf = (entry: StoredEntry): number =>
  entry.kind === 'gap' ? 0 : entry.text.length + (entry.fields === undefined ? 0 : 256)

/** Which of the records match, by their indices; found in a process of its own, which can be ended. */
async function matching(
  match: LogMatch,
  entries: readonly StoredEntry[],
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const indexAt = new Map<number, number>()
  const parts: Buffer[] = []
  let size = 0
  entries.forEach((entry, index) => {
    if (entry.kind === 'gap') return
    for (const line of [...entry.text.split('\n'), ...(entry.fields === undefined ? [] : [fieldsLine(entry)])]) {
      const bytes = Buffer.from(`${line}\n`)
      indexAt.set(size, index)
      parts.push(bytes)
      size += bytes.length
    }
  })
  const late = AbortSignal.timeout(patienceMs)
  const found = await ripgrep(match, { bytes: Buffer.concat(parts) }, AbortSignal.any([signal, late]))
  if (found === undefined && !signal.aborted)
    throw new PlatformError('timeout', 'this expression takes too long', {
      fix: 'Simplify the expression.',
      field: 'match',
    })
  return new Set((found?.get('') ?? []).flatMap((offset) => indexAt.get(offset) ?? []))
}

/** Whether it can be tried on a record at hand in the same way as ripgrep would. */
export function isPlainText(match: LogMatch): boolean {
  return match.text !== undefined
}

function compileMatch(match: LogMatch): (entry: StoredEntry) => boolean {
  const test = match.text === undefined ? lineTest(match.regex ?? '') : textTest(match.text, match.case ?? false)
  return (entry) => {
    if (entry.kind === 'gap') return true
    const found =
      test(entry.text) || ((entry.fields !== undefined || entry.trace !== undefined) && test(fieldsLine(entry)))
    return found !== (match.not ?? false)
  }
}

/** As it was stored, the trace among the rest. */
function fieldsLine(entry: StoredEntry): string {
  if (entry.kind === 'gap') return ''
  return JSON.stringify(entry.trace === undefined ? entry.fields : { ...entry.fields, trace: entry.trace })
}

function textTest(text: string, isExact: boolean): (line: string) => boolean {
  if (isExact) return (line) => line.includes(text)
  const wanted = text.toLowerCase()
  return (line) => line.toLowerCase().includes(wanted)
}

/** RE2 like ripgrep takes time linear in the line, whatever the expression: a person's expression cannot hang the runtime. */
function lineTest(regex: string): (text: string) => boolean {
  const compiled = compileRegex(regex)
  return (text) => (text.includes('\n') ? text.split('\n').some((line) => compiled.test(line)) : compiled.test(text))
}

function compileRegex(regex: string): RE2JS {
  try {
    return RE2JS.compile(regex)
  } catch (error) {
    throw badRegex(error instanceof Error ? error.message : String(error))
  }
}
