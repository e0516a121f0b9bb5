'use client'
import { useQuery } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { type KeyboardEvent, useState } from 'react'
import type { InTeam } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { exactTime } from '#components/ui/exact-time.ts'
import { useZone } from '#components/ui/zone.ts'
import { type Look, ranges } from './look.ts'

const steps = 60

/**
 * How many lines there are over the time range, whatever else the filters say; a bar narrows the range to its time. It waits
 * for nothing and nothing waits for it: its place is kept, and it is counted without reading any line.
 */
export function LogVolume({
  at,
  services,
  look,
  change,
}: {
  at: InTeam
  services: string[]
  look: Look
  change: (change: Partial<Look>) => void
}) {
  const trpc = useTRPC()
  const zone = useZone()
  const [focused, setFocused] = useState(steps - 1)
  const { range, from, until } = look
  // Until when is settled when the range is chosen: a chart that creeps on would be asked for again and again.
  const about = [range, from, until].join()
  const [asked, setAsked] = useState({ about: '', from: null as number | null, to: 0 })
  if (asked.about !== about) {
    const to = until ?? Date.now()
    setAsked({ about, from: range === null ? from : to - ranges[range], to })
  }
  const { data } = useQuery({
    ...trpc.logs.volume.queryOptions({ ...at, services, since: asked.from, until: asked.to, steps }),
    enabled: asked.to > 0,
    staleTime: 60_000,
    placeholderData: (before) => before,
  })
  if (data === undefined) return <div className="h-9" />
  const top = Math.max(1, ...data.counts)
  const stepMs = (data.to - data.from) / data.counts.length
  const narrow = (index: number) => {
    if (stepMs >= 1_000)
      change({
        range: null,
        from: Math.floor(data.from + index * stepMs),
        until: Math.ceil(data.from + (index + 1) * stepMs),
        at: null,
      })
  }
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const to = (
      { ArrowLeft: focused - 1, ArrowRight: focused + 1, Home: 0, End: data.counts.length - 1 } as Record<
        string,
        number
      >
    )[event.key]
    if (to === undefined || to < 0 || to >= data.counts.length) return
    event.preventDefault()
    setFocused(to)
    event.currentTarget.querySelectorAll('button')[to]?.focus()
  }
  return (
    <div
      role="group"
      aria-label={`Lines over time${data.complete ? '' : ', not all counted'}`}
      data-own-keys
      onKeyDown={onKey}
      className="flex h-9 items-end gap-px pb-1.5"
    >
      {data.counts.map((count, index) => {
        const words = `${count.toLocaleString('en-GB')} ${count === 1 ? 'line' : 'lines'} from ${exactTime(data.from + index * stepMs, zone)}`
        return (
          <button
            key={index}
            type="button"
            tabIndex={index === focused ? 0 : -1}
            aria-label={words}
            title={words}
            onClick={() => narrow(index)}
            onFocus={() => setFocused(index)}
            className="group/bar flex h-full min-w-0 grow basis-0 items-end rounded-[2px] hover:bg-hover"
          >
            <span
              className={clsx(
                'block w-full rounded-[1px]',
                count === 0 ? 'h-px bg-border' : 'bg-muted/50 group-hover/bar:bg-accent',
              )}
              style={count === 0 ? undefined : { height: `${Math.max(8, (count / top) * 100)}%` }}
            />
          </button>
        )
      })}
    </div>
  )
}
