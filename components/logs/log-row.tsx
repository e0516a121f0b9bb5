'use client'
import { clsx } from 'clsx'
import { ChevronRight, Link2 } from 'lucide-react'
import { memo, useState } from 'react'
import Link from 'next/link'
import type { LogMatch, LogRecord } from '#contract/logs.ts'
import { paths } from '#client/paths.ts'
import { usePlace } from '#components/frame/place.ts'
import { FieldTree } from './field-tree.tsx'
import type { Finder } from './highlight.ts'
import { instanceName } from './instance-name.ts'
import { LevelMark } from './level-mark.tsx'
import { fieldsPreview, spokenGap } from './line-text.ts'
import type { Row } from './line-window.ts'
import type { Look } from './look.ts'
import { LogText } from './log-text.tsx'
import { serviceColour } from './service-hue.ts'
import { exactTime, timeIn } from '#components/ui/exact-time.ts'
import { spokenDuration } from '#components/ui/time-words.ts'

export interface RowLook {
  wrap: boolean
  times: boolean
  dense: boolean
  /** Names the service of each line. */
  merged: boolean
  find: Finder | null
  /** In which times are told. */
  zone: string
}

export interface RowDeeds {
  choose(id: string): void
  toggle(id: string): void
  link(record: LogRecord): void
  filter(match: LogMatch): void
  /** Only lines of this instance, revision, stream or trace. */
  origin(change: Partial<Look>): void
}

/** Longer ones are cut until they are opened; drawing all of 64 KiB would hold the page up. */
const longText = 1_200
const longLine = 600

/** A row of the log. Drawn anew only when something of it has changed. */
export const LogRow = memo(function LogRow({
  row,
  look,
  deeds,
  chosen,
  open,
  day,
}: {
  row: Row
  look: RowLook
  deeds: RowDeeds
  chosen: boolean
  open: boolean
  /** It begins a day: then its date stands above it. */
  day: boolean
}) {
  if (row.kind === 'gap')
    return (
      <Bar tone="warn">
        {spokenGap(row.gap)}
        {row.gap.service !== undefined && look.merged ? ` (${row.gap.service})` : ''}
      </Bar>
    )
  if (row.kind === 'break') {
    return row.to === null ? (
      <Bar tone="warn">
        The connection was lost at {timeIn(look.zone, row.from, 'fine')}; new lines follow automatically
      </Bar>
    ) : (
      <Bar tone="idle">
        Interrupted at {timeIn(look.zone, row.from, 'fine')} for {spokenDuration(row.to - row.from)}; resumed without
        missing lines
      </Bar>
    )
  }
  const line = <Line row={row} look={look} deeds={deeds} chosen={chosen} open={open} />
  if (!day) return line
  return (
    <>
      <div className="flex h-6 items-end gap-3 px-4 pb-0.5 text-tiny text-muted sm:px-6">
        {timeIn(look.zone, row.at, 'weekday').replace(',', '')}
        <span aria-hidden className="mb-2 grow border-t border-border" />
      </div>
      {line}
    </>
  )
})

function Bar({ tone, children }: { tone: 'warn' | 'idle'; children: React.ReactNode }) {
  return (
    <div
      className={clsx(
        'flex min-h-6 items-center gap-3 px-4 text-small sm:px-6',
        tone === 'warn' ? 'bg-warn-soft text-warn' : 'bg-sunken text-muted',
      )}
    >
      <span aria-hidden className="w-6 border-t border-dashed border-current" />
      <span>{children}</span>
      <span aria-hidden className="grow border-t border-dashed border-current opacity-50" />
    </div>
  )
}

function Line({
  row,
  look,
  deeds,
  chosen,
  open,
}: {
  row: Row & { kind: 'line' }
  look: RowLook
  deeds: RowDeeds
  chosen: boolean
  open: boolean
}) {
  const { record } = row
  const { text, fields, level } = record
  // Made when first pointed at: most rows of a flood are gone before anybody does.
  const [pointed, setPointed] = useState(false)
  const end = text.indexOf('\n')
  const more = end === -1 ? 0 : text.split('\n').length - 1
  const head = end === -1 ? text : text.slice(0, end)
  const long = head.length > (look.wrap ? longText : longLine)
  const opens = more > 0 || long || hasTree(fields)
  const shown = open ? text : long ? head.slice(0, look.wrap ? longText : longLine) : head
  const own = record.stream === 'platform' || record.stream === 'build'
  return (
    <div
      className={clsx(
        'group/row relative flex items-start gap-x-2.5 pr-4 pl-4 font-mono text-small [font-feature-settings:"calt"_0] hover:bg-hover sm:pl-6',
        look.dense ? 'leading-[18px]' : 'py-px leading-5',
        level === 'error' || level === 'fatal'
          ? 'bg-bad-soft/60'
          : level === 'warn'
            ? 'bg-warn-soft/50'
            : own
              ? 'bg-sunken'
              : '',
        chosen && 'bg-chosen! shadow-[inset_2px_0_var(--color-accent)]',
        look.wrap ? 'flex-wrap sm:flex-nowrap' : '',
      )}
      onPointerEnter={() => setPointed(true)}
      onClick={() => {
        if (window.getSelection()?.isCollapsed ?? true) deeds.choose(row.id)
      }}
    >
      {look.times && (
        <time dateTime={record.time} data-at={row.at} data-fine className="shrink-0 text-muted select-none">
          {timeIn(look.zone, row.at, 'fine')}
        </time>
      )}
      <LevelMark level={level} className="w-14 shrink-0 select-none" />
      {look.merged && (
        <span
          title={record.service}
          style={{ color: serviceColour(record.service) }}
          className="w-24 shrink-0 truncate select-none sm:w-32"
        >
          {record.service}
        </span>
      )}
      <div className={clsx('relative min-w-0', look.wrap ? 'basis-full pl-5 sm:grow sm:basis-0' : 'grow pl-5')}>
        <div
          className={clsx(
            look.wrap || open
              ? 'whitespace-pre-wrap [overflow-wrap:anywhere]'
              : 'overflow-hidden text-ellipsis whitespace-pre',
            look.wrap && !open && 'line-clamp-6',
          )}
        >
          {own && (
            <span className="mr-1.5 rounded-[4px] border border-border-strong px-1 text-tiny text-muted select-none">
              {record.stream}
            </span>
          )}
          <LogText text={shown} find={look.find} />
          {!open && long && (
            <span className="text-muted select-none">
              {' '}
              … {((text.length - shown.length) / 1024).toFixed(1)} KiB more
            </span>
          )}
          {!open && more > 0 && (
            <span className="text-muted select-none">
              {' '}
              +{more} {more === 1 ? 'line' : 'lines'}
            </span>
          )}
          {partOf(fields) !== null && <span className="text-muted select-none"> {partOf(fields)}</span>}
          {!open && hasTree(fields) && (
            <span className="text-muted">
              {' '}
              <LogText text={fieldsPreview(fields)} find={look.find} />
            </span>
          )}
        </div>
        {opens && (
          <button
            type="button"
            aria-expanded={open}
            aria-label={
              open
                ? 'Fold'
                : more > 0
                  ? `Show ${more} more ${more === 1 ? 'line' : 'lines'}`
                  : hasTree(fields)
                    ? 'Show the fields'
                    : 'Show the whole line'
            }
            onClick={(event) => {
              event.stopPropagation()
              deeds.toggle(row.id)
            }}
            className="absolute top-0 left-0 inline-flex size-5 items-center justify-center rounded-[4px] text-muted hover:bg-chosen hover:text-text"
          >
            <ChevronRight
              aria-hidden
              className={clsx('size-3.5 transition-transform duration-100', open && 'rotate-90')}
            />
          </button>
        )}
        {open && hasTree(fields) && <FieldTree fields={fields} onFilter={deeds.filter} />}
        {open && <Origin record={record} at={row.at} zone={look.zone} deeds={deeds} />}
      </div>
      {pointed && (
        <button
          type="button"
          tabIndex={-1}
          aria-label="Copy a link to this line"
          title="Copy a link to this line"
          onClick={(event) => {
            event.stopPropagation()
            deeds.link(record)
          }}
          className="absolute top-0 right-1 flex size-5 items-center justify-center rounded-[4px] border border-border bg-raised text-muted opacity-0 group-hover/row:opacity-100 hover:text-text focus-visible:opacity-100"
        >
          <Link2 aria-hidden className="size-3" />
        </button>
      )}
    </div>
  )
}

function Origin({ record, at, zone, deeds }: { record: LogRecord; at: number; zone: string; deeds: RowDeeds }) {
  const place = usePlace()
  const { revision, instance, stream, trace } = record
  const parts: { words: string; only?: Partial<Look> }[] = [
    ...(revision === null ? [] : [{ words: `revision ${revision.slice(0, 8)}`, only: { revisions: [revision] } }]),
    ...(instance === null ? [] : [{ words: `instance ${instanceName(instance)}`, only: { instances: [instance] } }]),
    { words: stream, only: { streams: [stream] } },
    ...(trace === undefined ? [] : [{ words: `trace ${trace.slice(0, 16)}`, only: { trace } }]),
    { words: `${record.service} in ${record.environment}, line ${record.seq}` },
    { words: exactTime(at, zone, true) },
  ]
  return (
    <p className="flex flex-wrap gap-x-3 pb-1 font-sans text-tiny whitespace-normal text-muted">
      {parts.map(({ words, only }) =>
        only === undefined ? (
          <span key={words}>{words}</span>
        ) : (
          <button
            key={words}
            type="button"
            title={`Only lines of this: ${words}`}
            onClick={(event) => {
              event.stopPropagation()
              deeds.origin(only)
            }}
            className="rounded-[4px] underline decoration-border-strong underline-offset-2 hover:text-text"
          >
            {words}
          </button>
        ),
      )}
      {trace !== undefined && (
        <Link
          href={paths.logs(place, { trace })}
          onClick={(event) => event.stopPropagation()}
          className="rounded-[4px] text-accent"
        >
          this trace in all services
        </Link>
      )}
    </p>
  )
}

const hasTree = (fields: LogRecord['fields']): fields is Record<string, unknown> =>
  fields !== undefined && partOf(fields) === null && Object.keys(fields).length > 0

/** A line longer than the platform keeps in one piece. */
function partOf(fields: LogRecord['fields']): string | null {
  const part = fields?.['part']
  if (Object.keys(fields ?? {}).length !== 1) return null
  return part === 'first'
    ? '(goes on)'
    : part === 'middle'
      ? '(goes on, from above)'
      : part === 'last'
        ? '(from above)'
        : null
}
