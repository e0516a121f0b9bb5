'use client'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { paths } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { useZone } from '#components/ui/zone.ts'
import { writeText } from '#components/ui/copy-button.tsx'
import { finderOf, type Finder } from './highlight.ts'
import type { Row } from './line-window.ts'
import { copiedRow } from './line-text.ts'
import type { LogListHandle } from './log-list.tsx'
import type { RowDeeds, RowLook } from './log-row.tsx'
import type { LogSession } from './log-session.ts'
import { formatLook, type Look, matchOf, type Place } from './look.ts'

/** What a view knows besides its lines: which is chosen, which are open, and what can be done with them. */
export function useLogView({
  session,
  look,
  change,
  at,
  service,
}: {
  session: LogSession | null
  look: Look
  change: (change: Partial<Look>) => void
  at: { team: string; environment: string }
  service: string | undefined
}) {
  const list = useRef<LogListHandle>(null)
  const [chosen, setChosen] = useState<string | null>(null)
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const find = useFinder(look)
  const { wrap, times, dense } = look
  const merged = service === undefined
  const zone = useZone()
  const rowLook = useMemo<RowLook>(
    () => ({ wrap, times, dense, merged, find, zone }),
    [wrap, times, dense, merged, find, zone],
  )
  // The line of a link is the chosen one.
  const [linked, setLinked] = useState<LogSession | null>(null)
  if (session !== null && session !== linked) {
    setLinked(session)
    if (session.focus !== null) setChosen(session.focus)
  }
  const latest = useRef({ session, look, at, service })
  useEffect(() => {
    latest.current = { session, look, at, service }
  })

  const deeds = useMemo<RowDeeds>(
    () => ({
      choose: (id) => setChosen((before) => (before === id ? null : id)),
      toggle: (id) =>
        setOpen((before) =>
          before.has(id) ? new Set([...before].filter((each) => each !== id)) : new Set([...before, id]),
        ),
      link: (record) => {
        const here = latest.current
        const place: Place = {
          service: record.service,
          environment: record.environment === here.at.environment ? undefined : record.environment,
          seq: record.seq,
        }
        const path =
          here.service === undefined ? paths.logs(here.at) : paths.serviceLogs({ ...here.at, service: here.service })
        void writeText(`${window.location.origin}${path}?${formatLook({ ...here.look, at: place })}`).then((done) => {
          if (done) toastDone('Link to the line copied')
        })
      },
      filter: (match) =>
        change({
          match: [
            ...latest.current.look.match.filter((each) => JSON.stringify(each) !== JSON.stringify(match)),
            match,
          ].slice(-9),
        }),
      origin: (changed) => change(changed),
    }),
    [change],
  )

  const toEnd = useCallback(() => {
    if (latest.current.look.at !== null) change({ at: null })
    void latest.current.session?.toEnd()
  }, [change])

  const onCopy = useCallback(
    (event: React.ClipboardEvent) => {
      const rows = selectedRows(latest.current.session?.window.rows ?? [])
      if (rows.length < 2) return
      event.preventDefault()
      event.clipboardData.setData(
        'text/plain',
        rows.map((row) => copiedRow(row, { times, services: merged })).join('\n'),
      )
    },
    [times, merged],
  )

  const row = chosen === null ? undefined : session?.window.rows.find(({ id }) => id === chosen)
  const spoken = row?.kind === 'line' ? `${row.record.level}, ${row.record.text.slice(0, 200)}` : ''
  return { list, chosen, setChosen, open, deeds, rowLook, toEnd, onCopy, spoken }
}

export type LogViewState = ReturnType<typeof useLogView>

/** The rows that the selection reaches, also those between that are not drawn. */
function selectedRows(rows: readonly Row[]): readonly Row[] {
  const selection = window.getSelection()
  if (selection === null || selection.isCollapsed || selection.rangeCount === 0) return []
  const range = selection.getRangeAt(0)
  const idOf = (node: Node) =>
    (node instanceof Element ? node : node.parentElement)?.closest<HTMLElement>('[data-row]')?.dataset['row']
  const [first, last] = [idOf(range.startContainer), idOf(range.endContainer)].map((id) =>
    rows.findIndex((row) => row.id === id),
  )
  return first === undefined || last === undefined || first === -1 || last === -1 ? [] : rows.slice(first, last + 1)
}

function useFinder(look: Look): Finder | null {
  const [find, setFind] = useState<Finder | null>(null)
  const wanted = JSON.stringify(matchOf(look))
  useEffect(() => {
    let stale = false
    void finderOf(JSON.parse(wanted) as ReturnType<typeof matchOf>).then((made) => {
      if (!stale) setFind(() => made)
    })
    return () => {
      stale = true
    }
  }, [wanted])
  return find
}
