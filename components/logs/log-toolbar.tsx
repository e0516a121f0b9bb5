'use client'
import dynamic from 'next/dynamic'
import type { RefObject } from 'react'
import type { PlatformError } from '#contract/errors.ts'
import { type InTeam, paths } from '#client/paths.ts'
import { Spinner } from '#components/ui/spinner.tsx'
import { DownloadMenu, LevelMenu, OriginMenu, RangeMenu, ViewMenu } from './log-menus.tsx'
import type { LogSession } from './log-session.ts'
import { PauseButton } from './log-status.tsx'
import { filterOf, type Look } from './look.ts'
import { Chips, SearchBox, SearchProblem } from './search-conditions.tsx'
import { ServiceChoice } from './service-choice.tsx'

const LogVolume = dynamic(() => import('./log-volume.tsx').then((module) => module.LogVolume), {
  ssr: false,
  loading: () => <div className="h-9" />,
})

export interface LogToolbarProps {
  look: Look
  change: (change: Partial<Look>) => void
  session: LogSession | null
  service: string | undefined
  names: readonly string[] | undefined
  refused: PlatformError | null
  /** A new search is under way; the lines of the old one are still there. */
  busy: boolean
  compact: boolean
  search: RefObject<HTMLInputElement | null>
  at: InTeam
}

/** Search and filters, how lines are shown, pause and download. */
export function LogToolbar({
  look,
  change,
  session,
  service,
  names,
  refused,
  busy,
  compact,
  search,
  at,
}: LogToolbarProps) {
  const download = (format: 'text' | 'ndjson') => {
    const services = service === undefined ? look.services : [service]
    return paths.downloadLogs(at, {
      ...(services.length > 0 && { services }),
      format,
      query: filterOf(look, Date.now()),
    })
  }
  return (
    <div className={compact ? 'border-b border-border px-2' : 'border-b border-border px-4 sm:px-6'}>
      <div
        role="search"
        aria-label="Search and filter the lines"
        className={`flex items-center gap-2 ${compact ? 'py-1.5' : 'flex-wrap py-2.5'}`}
      >
        <SearchBox ref={search} look={look} change={change} refused={refused} compact={compact} />
        <span
          className={
            compact
              ? 'contents'
              : 'contents max-sm:order-1 max-sm:-mx-4 max-sm:flex max-sm:w-screen max-sm:gap-2 max-sm:overflow-x-auto max-sm:px-4 max-sm:[scrollbar-width:none]'
          }
        >
          {service === undefined && names !== undefined && (
            <ServiceChoice
              names={names}
              chosen={look.services}
              onChange={(services) => change({ services, at: null })}
            />
          )}
          <LevelMenu look={look} change={change} />
          {!compact && <RangeMenu look={look} change={change} />}
          {!compact && <OriginMenu look={look} change={change} rows={() => session?.window.rows ?? []} />}
        </span>
        <span
          className={
            compact ? 'flex w-4 items-center justify-center' : 'flex w-4 items-center justify-center max-sm:hidden'
          }
          role="status"
        >
          {busy && (
            <>
              <Spinner />
              <span className="sr-only">Searching</span>
            </>
          )}
        </span>
        <span className="ml-auto flex shrink-0 items-center">
          <PauseButton session={session} />
          <ViewMenu look={look} change={change} />
          {!compact && <DownloadMenu href={download} />}
        </span>
      </div>
      <SearchProblem refused={refused} />
      {!compact && (
        <LogVolume at={at} services={service === undefined ? look.services : [service]} look={look} change={change} />
      )}
      <Chips look={look} change={change} service={service} />
    </div>
  )
}
