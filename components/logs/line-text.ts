import type { LogRecord } from '#contract/logs.ts'
import { withoutAnsi } from '#components/ui/printed-text.ts'
import type { Row } from './line-window.ts'

/** Fields in a line's own words: `method=GET ms=3`. */
export function fieldsPreview(fields: Record<string, unknown>): string {
  let text = ''
  for (const [name, value] of Object.entries(fields)) {
    if (text.length > 300) return `${text} …`
    const shown =
      typeof value === 'string'
        ? /[\s="]/.test(value) || value === ''
          ? JSON.stringify(value)
          : value
        : JSON.stringify(value)
    text += `${text === '' ? '' : ' '}${name}=${(shown ?? '').slice(0, 120)}`
  }
  return text
}

export const spokenGap = (gap: { gap: number; why: string }) =>
  `${gap.gap === 0 ? 'Some lines are' : gap.gap === 1 ? '1 line is' : `${gap.gap.toLocaleString('en-GB')} lines are`} missing: ${gap.why}`

/** What is put on the clipboard for a row: no colours, no decoration. */
export function copiedRow(row: Row, { times, services }: { times: boolean; services: boolean }): string {
  if (row.kind === 'break') return '--- the connection was lost'
  if (row.kind === 'gap') return `--- ${spokenGap(row.gap)}`
  return [times && row.record.time, services && row.record.service, copiedText(row.record)]
    .filter((part) => part !== false)
    .join(' ')
}

function copiedText({ text, fields }: LogRecord): string {
  const clean = withoutAnsi(text)
  return fields === undefined || 'part' in fields ? clean : `${clean} ${JSON.stringify(fields)}`
}
