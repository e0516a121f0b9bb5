import type { LogLevel } from '#contract/logs.ts'
import { cleanText } from './clean.ts'
import type { Journal, Source } from './journal.ts'
import { Mask } from './mask.ts'
import { maxLine } from './lines.ts'

/** A line of the platform's own. */
export interface PlatformLine {
  stream: 'build' | 'platform'
  text: string
  level?: LogLevel
  revision?: string | null
  instanceId?: string | null
  fields?: Record<string, unknown>
  mask?: readonly string[]
}

const noMask = new Mask([])

/** Records lines of the platform's own; resolves with the seq of the last one when they are on disk. */
export async function appendLines(journal: Journal, lines: readonly PlatformLine[], time: number): Promise<number> {
  let seq = journal.lastSeq
  for (const line of lines) {
    const { stream, revision = null, instanceId = null, level = 'info', fields } = line
    const mask = line.mask === undefined ? noMask : new Mask(line.mask)
    const source: Source = journal.source({ instanceId, revision, file: null })
    const text = Buffer.from(mask.applyText(cleanText(line.text)).slice(0, maxLine))
    const rest = fields === undefined ? undefined : JSON.stringify(mask.applyValue(fields))
    seq = journal.record(
      source,
      { text, start: 0, end: text.length, level, part: 'whole', rest, offset: 0 },
      stream,
      time,
    )
  }
  await journal.durable(seq)
  return seq
}
