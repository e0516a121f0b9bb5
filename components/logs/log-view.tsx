'use client'
import { useMemo, useRef } from 'react'
import { ErrorState } from '#components/ui/error-state.tsx'
import { LinesSkeleton } from '#components/ui/screen-skeleton.tsx'
import type { Row } from './line-window.ts'
import { LogList } from './log-list.tsx'
import { LogRow } from './log-row.tsx'
import type { LogSession } from './log-session.ts'
import { Lead, NewLines, NoLines } from './log-status.tsx'
import { LogToolbar } from './log-toolbar.tsx'
import { timeIn } from '#components/ui/exact-time.ts'
import { isFiltered, type Look, withoutFilters } from './look.ts'
import { guessHeight } from './row-height.ts'
import { useLogKeys } from './use-log-keys.ts'
import { type LogViewState, useLogView } from './use-log-view.ts'
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
    <section
      aria-label={service === undefined ? 'Logs' : `Logs of ${service}`}
      onKeyDown={onKeyDown}
      onCopy={view.onCopy}
      className="flex h-full min-h-0 grow flex-col"
    >
      <LogToolbar
        look={look}
        change={change}
        session={session}
        service={service}
        names={names}
        refused={refused}
        busy={opening && session !== null}
        compact={shape === 'panel'}
        search={search}
        at={{ team, environment }}
      />
      {session === null && refused !== null ? (
        <div className="grow" />
      ) : session === null ? (
        <LinesSkeleton label="Loading the lines" />
      ) : session.state === 'failed' ? (
        <div className="grow overflow-y-auto">
          <ErrorState error={session.error} retry={retry} />
        </div>
      ) : (
        <Lines
          session={session}
          view={view}
          look={look}
          service={service}
          clear={() => change(withoutFilters(look))}
          widen={look.trace !== '' && look.from !== null ? () => change({ trace: '' }) : null}
        />
      )}
      <p role="status" className="sr-only">
        {view.spoken}
      </p>
    </section>
  )
}

function Lines({
  session,
  view,
  look,
  service,
  clear,
  widen,
}: {
  session: LogSession
  view: LogViewState
  look: Look
  service: string | undefined
  clear: () => void
  widen: (() => void) | null
}) {
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
        empty={<NoLines session={session} filtered={filtered} service={service} clear={clear} widen={widen} />}
        draw={(row, before) => (
          <LogRow
            row={row}
            day={before !== undefined && isOtherDay(before.at, row.at, rowLook.zone)}
            look={rowLook}
            deeds={deeds}
            chosen={row.id === chosen}
            open={open.has(row.id)}
          />
        )}
      />
      <NewLines session={session} onPress={view.toEnd} />
    </div>
  )
}

/** Most rows are moments apart: only what may reach past midnight is looked at. */
const isOtherDay = (one: number, other: number, zone: string) =>
  one > 0 &&
  other > 0 &&
  other - one > 0 &&
  Math.floor(one / 900_000) !== Math.floor(other / 900_000) &&
  timeIn(zone, one, 'date') !== timeIn(zone, other, 'date')
