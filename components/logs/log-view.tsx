'use client'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { paths } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { writeText } from '#components/ui/copy-button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { LinesSkeleton } from '#components/ui/screen-skeleton.tsx'
import { finderOf, type Finder } from './highlight.ts'
import type { Row } from './line-window.ts'
import { copiedRow } from './line-text.ts'
import { LogList, type LogListHandle } from './log-list.tsx'
import { LogRow, type RowDeeds, type RowLook } from './log-row.tsx'
import type { LogSession } from './log-session.ts'
import { Lead, NewLines, NoLines } from './log-status.tsx'
import { LogToolbar } from './log-toolbar.tsx'
import { formatLook, isFiltered, type Look, matchOf, type Place, withoutFilters } from './look.ts'
import { guessHeight } from './row-height.ts'
import { useLogKeys } from './use-log-keys.ts'
import { useLogSession } from './use-log-session.ts'
import { useLook } from './use-look.ts'
import { useSessionVersion } from './use-session-version.ts'

export interface LogViewProps {
  team: string
  environment: string
  /** The one service whose lines are shown; without it all of the environment's are merged, and can be chosen from `names`. */
  service?: string | undefined
  names?: readonly string[]
  /**
   * `screen` fills what it is given, keeps its look in the address and offers its keys everywhere. `panel` is the small one
   * for inside another screen: its look is its own, its keys work while the focus is in it.
   */
  shape?: 'screen' | 'panel'
}

/** What services say: live, searched, as far back as it goes. It fills its parent's height. */
export function LogView({ team, environment, service, names, shape = 'screen' }: LogViewProps) {
  const [look, change] = useLook(service, shape === 'screen')
  const { session, opening, refused, retry } = useLogSession({ team, environment, service, look })
  const search = useRef<HTMLInputElement>(null)
  const view = useLogView({ session, look, change, at: { team, environment }, service })
  const onKeyDown = useLogKeys({ session, view, search, everywhere: shape === 'screen' })
  return (
    <section aria-label={service === undefined ? 'Logs' : `Logs of ${service}`} onKeyDown={onKeyDown} onCopy={view.onCopy} className="flex h-full min-h-0 grow flex-col">
      <LogToolbar
        look={look} change={change} session={session} service={service} names={names} refused={refused} busy={opening && session !== null}
        compact={shape === 'panel'} search={search} at={{ team, environment }}
      />
      {session === null ? <LinesSkeleton label="Loading the lines" /> : session.state === 'failed' ? <div className="grow overflow-y-auto"><ErrorState error={session.error} retry={retry} /></div>
        : <Lines session={session} view={view} look={look} service={service} clear={() => change(withoutFilters(look))} />}
      <p role="status" className="sr-only">{view.spoken}</p>
    </section>
  )
}

type View = ReturnType<typeof useLogView>

function Lines({ session, view, look, service, clear }: { session: LogSession; view: View; look: Look; service: string | undefined; clear: () => void }) {
  useSessionVersion(session)
  const { chosen, open, deeds, rowLook, list } = view
  const filtered = isFiltered(look)
  const guess = useMemo(() => (row: Row, width: number) => guessHeight(row, width, rowLook), [rowLook])
  return (
    <div className="relative flex min-h-0 grow flex-col">
      <LogList
        ref={list}
        session={session}
        guess={guess}
        label={service === undefined ? 'Lines of the services' : `Lines of ${service}`}
        lead={<Lead session={session} filtered={filtered} />}
        empty={<NoLines session={session} filtered={filtered} service={service} clear={clear} />}
        draw={(row, before) => <LogRow row={row} day={before !== undefined && isOtherDay(before.at, row.at)} look={rowLook} deeds={deeds} chosen={row.id === chosen} open={open.has(row.id)} />}
      />
      <NewLines session={session} onPress={view.toEnd} />
    </div>
  )
}

/** What a view knows besides its lines: which is chosen, which are open, and what can be done with them. */
function useLogView({ session, look, change, at, service }: {
  session: LogSession | null; look: Look; change: (change: Partial<Look>) => void; at: { team: string; environment: string }; service: string | undefined
}) {
  const list = useRef<LogListHandle>(null)
  const [chosen, setChosen] = useState<string | null>(null)
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const find = useFinder(look)
  const { wrap, times, dense } = look
  const merged = service === undefined
  const rowLook = useMemo<RowLook>(() => ({ wrap, times, dense, merged, find }), [wrap, times, dense, merged, find])
  // The line of a link is the chosen one.
  const [linked, setLinked] = useState<LogSession | null>(null)
  if (session !== null && session !== linked) {
    setLinked(session)
    if (session.focus !== null) setChosen(session.focus)
  }
  const latest = useRef({ session, look, at, service })
  useEffect(() => { latest.current = { session, look, at, service } })

  const deeds = useMemo<RowDeeds>(() => ({
    choose: (id) => setChosen((before) => (before === id ? null : id)),
    toggle: (id) => setOpen((before) => (before.has(id) ? new Set([...before].filter((each) => each !== id)) : new Set([...before, id]))),
    link: (record) => {
      const here = latest.current
      const place: Place = { service: record.service, environment: record.environment === here.at.environment ? undefined : record.environment, seq: record.seq }
      const path = here.service === undefined ? paths.logs(here.at) : paths.serviceLogs({ ...here.at, service: here.service })
      void writeText(`${window.location.origin}${path}?${formatLook({ ...here.look, at: place })}`).then((done) => { if (done) toastDone('Link to the line copied') })
    },
    filter: (match) => change({ match: [...latest.current.look.match.filter((each) => JSON.stringify(each) !== JSON.stringify(match)), match].slice(-9) }),
    origin: (changed) => change(changed),
  }), [change])

  const toEnd = useCallback(() => {
    if (latest.current.look.at !== null) change({ at: null })
    void latest.current.session?.toEnd()
  }, [change])

  const onCopy = useCallback((event: React.ClipboardEvent) => {
    const rows = selectedRows(latest.current.session?.window.rows ?? [])
    if (rows.length < 2) return
    event.preventDefault()
    event.clipboardData.setData('text/plain', rows.map((row) => copiedRow(row, { times, services: merged })).join('\n'))
  }, [times, merged])

  const row = chosen === null ? undefined : session?.window.rows.find(({ id }) => id === chosen)
  const spoken = row?.kind === 'line' ? `${row.record.level}, ${row.record.text.slice(0, 200)}` : ''
  return { list, chosen, setChosen, open, deeds, rowLook, toEnd, onCopy, spoken }
}

export type LogViewState = View

const isOtherDay = (one: number, other: number) => one > 0 && other > 0 && new Date(one).toDateString() !== new Date(other).toDateString()

/** The rows that the selection reaches, also those between that are not drawn. */
function selectedRows(rows: readonly Row[]): readonly Row[] {
  const selection = window.getSelection()
  if (selection === null || selection.isCollapsed || selection.rangeCount === 0) return []
  const range = selection.getRangeAt(0)
  const idOf = (node: Node) => (node instanceof Element ? node : node.parentElement)?.closest<HTMLElement>('[data-row]')?.dataset['row']
  const [first, last] = [idOf(range.startContainer), idOf(range.endContainer)].map((id) => rows.findIndex((row) => row.id === id))
  return first === undefined || last === undefined || first === -1 || last === -1 ? [] : rows.slice(first, last + 1)
}

function useFinder(look: Look): Finder | null {
  const [find, setFind] = useState<Finder | null>(null)
  const wanted = JSON.stringify(matchOf(look))
  useEffect(() => {
    let stale = false
    void finderOf(JSON.parse(wanted) as ReturnType<typeof matchOf>).then((made) => { if (!stale) setFind(() => made) })
    return () => { stale = true }
  }, [wanted])
  return find
}
