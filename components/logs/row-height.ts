import type { Row } from './line-window.ts'
import type { RowLook } from './log-row.tsx'
import { fieldsPreview } from './line-text.ts'

const signWidth = 7.2

/** About how high a row will be, before it has been drawn: near enough that little moves when it is. */
export function guessHeight(
  row: Row,
  width: number,
  { wrap, times, dense, merged }: Pick<RowLook, 'wrap' | 'times' | 'dense' | 'merged'>,
): number {
  if (row.kind !== 'line') return 24
  const line = dense ? 18 : 20
  const edges = dense ? 0 : 2
  if (!wrap) return line + edges
  const narrow = width < 640
  const beside = 68 + 66 + (times ? 96 : 0) + (merged ? 138 : 0)
  const across = Math.max(10, Math.floor((narrow ? width - 52 : width - beside) / signWidth))
  const { text, fields } = row.record
  const end = text.indexOf('\n')
  const length =
    (end === -1 ? text.length : end + 12) + (fields === undefined ? 0 : Math.min(400, fieldsPreview(fields).length + 3))
  return line * (Math.min(6, Math.max(1, Math.ceil(length / across))) + (narrow ? 1 : 0)) + edges
}
