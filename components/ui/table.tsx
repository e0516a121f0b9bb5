'use client'
import { clsx } from 'clsx'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { memo, type ReactNode, useMemo, useRef, useState } from 'react'
import { useRowWindow } from './row-window.ts'
import { useRows } from './rows.ts'

export interface Column<Row> {
  key: string
  header: string
  /** The header is only read out: for columns of buttons or marks. */
  quiet?: boolean
  cell: (row: Row) => ReactNode
  /** A Tailwind width: `w-32`. One column of a table has none and takes the rest. */
  width?: string
  /** Screen width from which it is shown. */
  from?: 'sm' | 'md' | 'lg' | 'xl' | '2xl'
  align?: 'end'
  /** Makes it sortable. */
  order?: (one: Row, other: Row) => number
}

export interface TableProps<Row> {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  /** 34 unless a row holds two lines. */
  rowHeight?: number
  /** Shown when there are no rows. */
  empty: ReactNode
}

const froms = {
  sm: 'hidden sm:table-cell',
  md: 'hidden md:table-cell',
  lg: 'hidden lg:table-cell',
  xl: 'hidden xl:table-cell',
  '2xl': 'hidden 2xl:table-cell',
}

/** Dense rows of one height. More than a hundred are drawn only where they are in sight; ↑ ↓ j k move between rows' links. */
export function Table<Row>({ label, columns, rows, rowKey, rowHeight = 34, empty }: TableProps<Row>) {
  const [sort, setSort] = useState<{ key: string; down: boolean } | null>(null)
  const body = useRef<HTMLTableSectionElement>(null)
  const sorted = useMemo(() => sortRows(rows, columns, sort), [rows, columns, sort])
  const long = sorted.length > 100
  const seen = useRowWindow(body, sorted.length, rowHeight)
  const { first, last } = long ? seen : { first: 0, last: sorted.length }

  useRows(body, rows.length > 0)

  if (rows.length === 0) return empty
  return (
    <table
      aria-label={label}
      aria-rowcount={long ? sorted.length + 1 : undefined}
      className="w-full table-fixed border-separate border-spacing-0"
    >
      <thead>
        <tr aria-rowindex={long ? 1 : undefined}>
          {columns.map((column) => (
            <th
              key={column.key}
              scope="col"
              aria-sort={sort?.key === column.key ? (sort.down ? 'descending' : 'ascending') : undefined}
              className={clsx(
                'sticky top-0 z-10 h-[30px] truncate border-b border-border bg-surface px-2 text-left text-small font-medium text-muted first:pl-4 last:pr-4 sm:first:pl-6 sm:last:pr-6',
                column.align === 'end' && 'text-right',
                column.width,
                column.from && froms[column.from],
              )}
            >
              {column.quiet ? (
                <span className="sr-only">{column.header}</span>
              ) : column.order === undefined ? (
                column.header
              ) : (
                <button
                  type="button"
                  className="inline-flex items-center gap-1 rounded-[4px] hover:text-text"
                  onClick={() =>
                    setSort((old) =>
                      old?.key !== column.key
                        ? { key: column.key, down: false }
                        : old.down
                          ? null
                          : { key: column.key, down: true },
                    )
                  }
                >
                  {column.header}
                  {sort?.key === column.key &&
                    (sort.down ? (
                      <ArrowDown aria-hidden className="size-3" />
                    ) : (
                      <ArrowUp aria-hidden className="size-3" />
                    ))}
                </button>
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body}>
        {/* One cell each: one across all columns would give those that are hidden a place. */}
        {first > 0 && (
          <tr aria-hidden>
            <td style={{ height: first * rowHeight }} />
          </tr>
        )}
        {sorted.slice(first, last).map((row, index) => (
          <TableRow
            key={rowKey(row)}
            row={row}
            columns={columns as readonly Column<unknown>[]}
            height={rowHeight}
            index={long ? first + index + 2 : undefined}
          />
        ))}
        {last < sorted.length && (
          <tr aria-hidden>
            <td style={{ height: (sorted.length - last) * rowHeight }} />
          </tr>
        )}
      </tbody>
    </table>
  )
}

/** Unchanged rows are not drawn again: rows keep their identity in the query cache, columns should be made once. */
const TableRow = memo(function TableRow({
  row,
  columns,
  height,
  index,
}: {
  row: unknown
  columns: readonly Column<unknown>[]
  height: number
  index: number | undefined
}) {
  return (
    <tr
      aria-rowindex={index}
      className="group relative scroll-my-8 outline-none hover:bg-hover focus-visible:bg-hover focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent has-[[data-row-link]:focus-visible]:bg-hover"
    >
      {columns.map((column) => (
        <td
          key={column.key}
          style={{ height }}
          className={clsx(
            'truncate border-b border-border px-2 py-0 first:pl-4 last:pr-4 sm:first:pl-6 sm:last:pr-6',
            column.align === 'end' && 'tabular text-right',
            column.width,
            column.from && froms[column.from],
          )}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  )
})

/** For the link in a row's first cell: the whole row follows it. Other controls in the row need `rowControl`. */
export const rowLink =
  'text-text no-underline outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent'
export const rowControl = 'relative z-[1]'

function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: { key: string; down: boolean } | null,
): readonly Row[] {
  const order = columns.find((column) => column.key === sort?.key)?.order
  if (order === undefined) return rows
  return rows.toSorted(sort?.down ? (one, other) => order(other, one) : order)
}
