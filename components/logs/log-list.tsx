'use client'
import {
  type ReactNode,
  type RefObject,
  useCallback,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
} from 'react'
import type { Row } from './line-window.ts'
import type { LogSession } from './log-session.ts'
import { RowOffsets } from './row-offsets.ts'

export interface LogListHandle {
  /** Brings a row into sight, moving no further than needed. */
  reveal(id: string): void
  focus(): void
}

/** Beyond both edges, so that a scroll shows rows and not ground. */
const spare = 400
/** So near an end the next page is asked for. */
const near = 1_500
const leadHeight = 32

/**
 * The rows in sight of a window of thousands, of any height. The line being read never moves: what is added or dropped
 * above it is made up for, and only a view that is at the newest line goes on with it.
 */
export function LogList({
  session,
  guess,
  draw,
  empty,
  lead,
  label,
  ref,
}: {
  session: LogSession
  /** A new function measures all rows anew. */
  guess: (row: Row, width: number) => number
  draw: (row: Row, before: Row | undefined) => ReactNode
  empty: ReactNode
  /** Stands above the first row, in a space that is always there. */
  lead: ReactNode
  label: string
  ref: RefObject<LogListHandle | null>
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const space = useRef<HTMLDivElement>(null)
  const slice = useRef<HTMLDivElement>(null)
  /** Of the box, kept so that drawing need not ask the page, which would make it lay itself out once more. */
  const width = useRef(800)
  const inside = useRef(800)
  /** The row that is to stay where it is, and where that is: pixels below the upper edge. */
  const anchor = useRef<{ row: Row; below: number } | null>(null)
  const lastTop = useRef(0)
  const lastTotal = useRef(-1)
  const [, again] = useReducer((count: number) => count + 1, 0)
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- another session starts with no measured rows
  const offsets = useMemo(() => new RowOffsets((row) => guess(row, width.current), leadHeight), [guess, session])

  const { rows } = session.window
  offsets.place(rows)
  const height = inside.current
  const wanted = topOf(rows)
  // Nobody scrolls what follows the newest line: each row that is not drawn is time for the next.
  const extra = session.following ? 40 : spare
  const first = rows.length === 0 ? 0 : offsets.at(wanted - extra)
  const last = rows.length === 0 ? 0 : Math.min(rows.length, offsets.at(wanted + height + extra) + 1)

  function topOf(all: readonly Row[]): number {
    const end = Math.max(0, offsets.total - inside.current)
    if (session.following && !session.paused) return end
    if (session.focus !== null) {
      const at = all.findIndex(({ id }) => id === session.focus)
      if (at !== -1) return Math.max(0, Math.min(end, offsets.top(at) - inside.current / 3))
    }
    const held = anchor.current
    const at = held === null ? -1 : all.indexOf(held.row)
    return Math.max(0, Math.min(end, at === -1 ? lastTop.current : offsets.top(at) - (held?.below ?? 0)))
  }

  const remember = useCallback(
    (from: number) => {
      const all = session.window.rows
      const at = offsets.at(from)
      const row = all[at]
      anchor.current = row === undefined ? null : { row, below: offsets.top(at) - from }
      session.look(at, offsets.at(from + inside.current))
    },
    [session, offsets],
  )

  useLayoutEffect(() => {
    const [box, content, shown] = [scroller.current, space.current, slice.current]
    // Behind another tab nothing has a size: drawn again when it has.
    if (!box || !content || !shown || box.clientHeight === 0) return
    inside.current = box.clientHeight
    const now = box.scrollTop
    // Scrolled by the person since the last drawing, and the event has not been told yet: theirs goes first.
    if (session.following && now < lastTop.current - 2 && now + inside.current < lastTotal.current - 8) {
      session.setFollowing(false)
      lastTop.current = now
      remember(now)
      return
    }
    let changed = false
    for (const element of shown.children) {
      const row = rows[first + Number((element as HTMLElement).dataset['index'] ?? 0)]
      if (row !== undefined) changed = offsets.measured(row, element.getBoundingClientRect().height) || changed
    }
    if (changed) offsets.place(rows)
    if (offsets.total !== lastTotal.current) content.style.height = `${offsets.total}px`
    lastTotal.current = offsets.total
    // Not by a transform: rows that stay where they are need not be painted again.
    shown.style.top = `${offsets.top(first)}px`
    const to = topOf(rows)
    if (Math.abs(now - to) > 0.5) box.scrollTop = to
    lastTop.current = to
    if (session.focus !== null && rows.some(({ id }) => id === session.focus)) session.focus = null
    remember(to)
    // Above the first row is the lead, which is no row.
    const covered =
      (first === 0 || offsets.top(first) <= to + 1) &&
      offsets.top(last) >= Math.min(offsets.total, to + inside.current) - 1
    if (!covered) again()
    ask(to)
  })

  useLayoutEffect(() => {
    const box = scroller.current
    if (!box) return
    const resized = new ResizeObserver(() => {
      width.current = box.clientWidth
      inside.current = box.clientHeight
      again()
    })
    resized.observe(box)
    return () => resized.disconnect()
  }, [])

  /** Reads on where an end is near. */
  function ask(from: number) {
    if (session.state !== 'ready') return
    if (from < near && session.older === 'more' && !(session.following && offsets.total > inside.current + near))
      void session.readOlder()
    if (offsets.total - from - inside.current < near && session.newer === 'more') void session.readNewer()
  }

  function onScroll() {
    const box = scroller.current
    if (!box || Math.abs(box.scrollTop - lastTop.current) < 1.1) return
    const from = box.scrollTop
    lastTop.current = from
    remember(from)
    const atEnd = from + inside.current >= offsets.total - 8
    session.setFollowing(atEnd && session.attached && !session.paused)
    ask(from)
    if (
      offsets.top(first) > Math.max(0, from - spare / 2) ||
      offsets.top(last) < Math.min(offsets.total, from + inside.current + spare / 2)
    )
      again()
  }

  useImperativeHandle(ref, () => ({
    focus: () => scroller.current?.focus({ preventScroll: true }),
    reveal(id) {
      const box = scroller.current
      const at = session.window.rows.findIndex((row) => row.id === id)
      if (!box || at === -1) return
      const [upper, lower] = [offsets.top(at), offsets.top(at + 1)]
      const to =
        upper < box.scrollTop ? upper - 40 : lower > box.scrollTop + inside.current ? lower - inside.current + 40 : null
      if (to === null) return
      session.setFollowing(false)
      box.scrollTop = to
    },
  }))

  return (
    <div
      ref={scroller}
      role="log"
      aria-live="off"
      aria-label={label}
      tabIndex={0}
      data-focus-inside
      data-log
      onScroll={onScroll}
      className="relative min-h-0 grow overflow-x-hidden overflow-y-auto [contain:strict] [overflow-anchor:none] [text-rendering:optimizeSpeed]"
    >
      {rows.length === 0 && empty}
      <div ref={space} className="relative">
        {rows.length > 0 && (
          <div className="absolute inset-x-0 top-0 flex h-8 items-center gap-2 px-4 text-small text-muted sm:px-6">
            {lead}
          </div>
        )}
        <div ref={slice} className="absolute inset-x-0">
          {rows.slice(first, last).map((row, index) => (
            <div key={row.id} data-index={index} data-row={row.id}>
              {draw(row, rows[first + index - 1])}
            </div>
          ))}
        </div>
      </div>
    </div>
  )
}
