'use client'
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef } from 'react'
import { type ScreenAction, useActions } from '#components/frame/actions.ts'
import type { LogSession } from './log-session.ts'
import type { LogViewState } from './use-log-view.ts'

interface Around {
  session: LogSession | null
  view: LogViewState
  search: RefObject<HTMLInputElement | null>
  everywhere: boolean
}

/** What the keyboard does with the lines: offered to the whole screen, or only heard while the focus is inside. */
export function useLogKeys(around: Around): (event: KeyboardEvent) => void {
  const latest = useRef(around)
  useEffect(() => {
    latest.current = around
  })
  const actions = useMemo(() => actionsOf(() => latest.current), [])
  useActions(around.everywhere ? actions : none)
  return (event) => {
    const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select, button, a')
    if (isTyping || event.metaKey || event.ctrlKey || event.altKey) return
    // A screen's keys come by way of its actions, once for each press; held down they go on here.
    if (latest.current.everywhere && !event.repeat && event.key !== 'Home' && event.key !== 'End') return
    const action = actions.find(({ keys }) => keys === named(event))
    if (action === undefined) return
    event.preventDefault()
    action.run()
  }
}

const none: readonly ScreenAction[] = []

function named(event: KeyboardEvent): string {
  if (event.key === ' ') return 'space'
  if (event.key === 'Home') return 'g g'
  if (event.key === 'End') return 'shift+g'
  return event.shiftKey ? `shift+${event.key.toLowerCase()}` : event.key
}

function actionsOf(here: () => Around): ScreenAction[] {
  const move = (by: number) => {
    const { session, view } = here()
    if (session === null) return
    const { rows } = session.window
    const at = rows.findIndex(({ id }) => id === view.chosen)
    const next = rows[at === -1 ? session.inSight(by) : Math.max(0, Math.min(rows.length - 1, at + by))]
    if (next === undefined) return
    view.setChosen(next.id)
    view.list.current?.reveal(next.id)
  }
  const chosen = () => here().session?.window.rows.find(({ id }) => id === here().view.chosen)
  return [
    {
      id: 'logs.search',
      group: 'Logs',
      title: 'Search the lines',
      keys: '/',
      run: () => here().search.current?.focus(),
    },
    {
      id: 'logs.pause',
      group: 'Logs',
      title: 'Pause or resume',
      keys: 'space',
      run: () => (here().session?.paused ? here().view.toEnd() : here().session?.pause()),
    },
    { id: 'logs.next', group: 'Logs', title: 'Next line', keys: 'j', run: () => move(1) },
    { id: 'logs.previous', group: 'Logs', title: 'Previous line', keys: 'k', run: () => move(-1) },
    {
      id: 'logs.expand',
      group: 'Logs',
      title: 'Open or fold the line',
      keys: 'e',
      run: () => {
        const row = chosen()
        if (row !== undefined) here().view.deeds.toggle(row.id)
      },
    },
    {
      id: 'logs.link',
      group: 'Logs',
      title: 'Copy a link to the line',
      keys: 'y',
      run: () => {
        const row = chosen()
        if (row?.kind === 'line') here().view.deeds.link(row.record)
      },
    },
    {
      id: 'logs.start',
      group: 'Logs',
      title: 'To the first line',
      keys: 'g g',
      run: () => void here().session?.toStart(),
    },
    { id: 'logs.end', group: 'Logs', title: 'To the newest line', keys: 'shift+g', run: () => here().view.toEnd() },
  ]
}
