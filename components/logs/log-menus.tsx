'use client'
import { ChevronDown, Download, SlidersHorizontal } from 'lucide-react'
import dynamic from 'next/dynamic'
import { type ReactNode, useState } from 'react'
import { notSent } from '#client/change-link.ts'
import { toastError } from '#client/toasts.ts'
import { leaveFor } from '#client/web-away.ts'
import { logLevels, logStreams } from '#contract/log-words.ts'
import type { LogLevel } from '#contract/logs.ts'
import { buttonStyle } from '#components/ui/button-style.ts'
import { Menu, MenuCheck, MenuItem, MenuLabel, MenuLine } from '#components/ui/menu.tsx'
import { instanceName } from './instance-name.ts'
import { LevelMark } from './level-mark.tsx'
import type { Row } from './line-window.ts'
import { type Look, type Range, ranges } from './look.ts'

const RangeDialog = dynamic(() => import('./range-dialog.tsx').then((module) => module.RangeDialog), { ssr: false })

export interface MenuProps {
  look: Look
  change: (change: Partial<Look>) => void
}

const trigger = (words: ReactNode, isSet: boolean, label?: string) => (
  <button type="button" aria-label={label} className={buttonStyle('plain', 'normal', isSet ? 'border-accent!' : '')}>
    {words}
    <ChevronDown aria-hidden />
  </button>
)

export function LevelMenu({ look, change }: MenuProps) {
  const { levels } = look
  const words =
    levels.length === 0
      ? 'All levels'
      : levels.length === 1
        ? levels[0]
        : isTail(levels)
          ? `${levels[0]} and above`
          : `${levels.length} levels`
  return (
    <Menu trigger={trigger(words, levels.length > 0, `Levels: ${words}`)}>
      <MenuItem chosen={levels.length === 0} onSelect={() => change({ levels: [] })}>
        All levels
      </MenuItem>
      <MenuItem onSelect={() => change({ levels: ['warn', 'error', 'fatal'] })}>Warnings and errors</MenuItem>
      <MenuItem onSelect={() => change({ levels: ['error', 'fatal'] })}>Only errors</MenuItem>
      <MenuLine />
      {logLevels.map((level) => (
        <MenuCheck
          key={level}
          checked={levels.includes(level)}
          onChange={(checked) =>
            change({ levels: logLevels.filter((each) => (each === level ? checked : levels.includes(each))) })
          }
        >
          <LevelMark level={level} />
        </MenuCheck>
      ))}
    </Menu>
  )
}

const isTail = (levels: readonly LogLevel[]) =>
  levels.length > 1 && logLevels.slice(-levels.length).every((level, index) => levels[index] === level)

const rangeWords: Record<Range, string> = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
}

export function RangeMenu({ look, change }: MenuProps) {
  const [custom, setCustom] = useState(false)
  const isSet = look.range !== null || look.from !== null || look.until !== null
  const words = look.range !== null ? rangeWords[look.range] : isSet ? 'Own range' : 'All time'
  return (
    <>
      <Menu trigger={trigger(words, isSet, `Time range: ${words}`)}>
        <MenuItem chosen={!isSet} onSelect={() => change({ range: null, from: null, until: null })}>
          All time
        </MenuItem>
        {(Object.keys(ranges) as Range[]).map((range) => (
          <MenuItem
            key={range}
            chosen={look.range === range}
            onSelect={() => change({ range, from: null, until: null, at: null })}
          >
            {rangeWords[range]}
          </MenuItem>
        ))}
        <MenuItem chosen={isSet && look.range === null} onSelect={() => setCustom(true)}>
          Own range…
        </MenuItem>
      </Menu>
      {custom && <RangeDialog look={look} change={change} onDismiss={() => setCustom(false)} />}
    </>
  )
}

/** Where a line came from: only what has been seen can be chosen. */
export function OriginMenu({ look, change, rows }: MenuProps & { rows: () => readonly Row[] }) {
  const count = look.streams.length + look.instances.length + look.revisions.length
  return (
    <Menu trigger={trigger(count === 0 ? 'All sources' : `${count} chosen`, count > 0, 'Stream, instance, revision')}>
      <Origins look={look} change={change} rows={rows} />
    </Menu>
  )
}

function Origins({ look, change, rows }: MenuProps & { rows: () => readonly Row[] }) {
  const [seen] = useState(() => {
    const [instances, revisions] = [new Set(look.instances), new Set(look.revisions)]
    for (const row of rows()) {
      if (row.kind !== 'line') continue
      if (row.record.instance !== null) instances.add(row.record.instance)
      if (row.record.revision !== null) revisions.add(row.record.revision)
    }
    return { instances: [...instances].slice(-30), revisions: [...revisions].slice(-30) }
  })
  const flip = <V,>(list: readonly V[], value: V, checked: boolean) =>
    checked ? [...list, value] : list.filter((each) => each !== value)
  return (
    <>
      <MenuLabel>Stream</MenuLabel>
      {logStreams.map((stream) => (
        <MenuCheck
          key={stream}
          checked={look.streams.includes(stream)}
          onChange={(checked) => change({ streams: flip(look.streams, stream, checked) })}
        >
          {stream}
        </MenuCheck>
      ))}
      {seen.instances.length > 0 && <MenuLabel>Instance</MenuLabel>}
      {seen.instances.map((id) => (
        <MenuCheck
          key={id}
          checked={look.instances.includes(id)}
          onChange={(checked) => change({ instances: flip(look.instances, id, checked) })}
        >
          <span className="font-mono text-small">{instanceName(id)}</span>
        </MenuCheck>
      ))}
      {seen.revisions.length > 0 && <MenuLabel>Revision</MenuLabel>}
      {seen.revisions.map((id) => (
        <MenuCheck
          key={id}
          checked={look.revisions.includes(id)}
          onChange={(checked) => change({ revisions: flip(look.revisions, id, checked) })}
        >
          <span className="font-mono text-small">{id.slice(0, 8)}</span>
        </MenuCheck>
      ))}
    </>
  )
}

export function ViewMenu({ look, change, children }: MenuProps & { children?: ReactNode }) {
  return (
    <Menu
      align="end"
      trigger={
        <button
          type="button"
          aria-label="How lines are shown"
          title="How lines are shown"
          className={buttonStyle('quiet', 'normal', 'w-[30px] px-0!')}
        >
          <SlidersHorizontal aria-hidden />
        </button>
      }
    >
      <MenuCheck checked={look.wrap} onChange={(wrap) => change({ wrap })}>
        Wrap long lines
      </MenuCheck>
      <MenuCheck checked={look.times} onChange={(times) => change({ times })}>
        Times
      </MenuCheck>
      <MenuCheck checked={look.dense} onChange={(dense) => change({ dense })}>
        Dense rows
      </MenuCheck>
      {children}
    </Menu>
  )
}

/** All of the history that fits the filters, not only what was loaded. */
export function DownloadMenu({ href }: { href: (format: 'text' | 'ndjson') => string }) {
  const download = (format: 'text' | 'ndjson') => {
    if (!leaveFor(href(format))) toastError(notSent())
  }
  return (
    <Menu
      align="end"
      trigger={
        <button
          type="button"
          aria-label="Download"
          title="Download"
          className={buttonStyle('quiet', 'normal', 'w-[30px] px-0!')}
        >
          <Download aria-hidden />
        </button>
      }
    >
      <MenuLabel>All lines that match the filters</MenuLabel>
      <MenuItem onSelect={() => download('text')}>As text</MenuItem>
      <MenuItem onSelect={() => download('ndjson')}>As JSON, one object per line</MenuItem>
    </Menu>
  )
}
