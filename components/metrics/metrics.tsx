'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Activity } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useDeferredValue } from 'react'
import { trafficRangeNames } from '#contract/traffic-ranges.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { ButtonLink } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { useFilters } from '#components/ui/filters.ts'
import { Segments } from '#components/ui/segments.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { askedBy } from './asked.ts'
import { rangeWords } from './curves.ts'

// Times are those of the reader's clock, which only the browser knows.
const Charts = dynamic(() => import('./charts.tsx').then((module) => module.Charts), {
  ssr: false,
  loading: () => <ChartsSkeleton />,
})

const filterNames = ['range', 'by', 'share'] as const
const ranges = trafficRangeNames.map((value) => ({ value, label: value.replace(/(\d+)/, '$1 ') }))

/** How much it is called, with what outcome, how fast, and by how many at once; over time. */
export function Metrics() {
  const at = useService()
  const trpc = useTRPC()
  const [filters, setFilters] = useFilters(filterNames)
  const wanted = askedBy(filters)
  // The metrics on screen stay until those of the new choice have arrived.
  const shown = { range: useDeferredValue(wanted.range), by: useDeferredValue(wanted.by) }
  const { data } = useSuspenseQuery(trpc.metrics.service.queryOptions({ ...at, ...shown }))
  const isLate = wanted.range !== shown.range || wanted.by !== shown.by
  return (
    <div className="mx-auto flex max-w-[1280px] flex-col gap-4 px-4 py-5 sm:px-6">
      <div role="search" aria-label="Metrics shown" className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Segments
          label="Time range"
          value={wanted.range}
          options={ranges}
          onChange={(value) => setFilters({ range: value === '1h' ? '' : value })}
        />
        <Segments
          label="Curves"
          value={wanted.by}
          options={[
            { value: 'all', label: 'Together' },
            { value: 'environment', label: 'By environment' },
            { value: 'caller', label: 'By caller' },
          ]}
          onChange={(value) => setFilters({ by: value === 'all' ? '' : value })}
        />
        <p className="tabular ml-auto text-muted">
          <span className="font-medium text-text">{data.inFlight}</span> in flight now
        </p>
      </div>
      <div className={isLate ? 'opacity-60' : undefined}>
        {data.curves.length === 0 ? (
          <div className="rounded border border-border bg-raised">
            <EmptyState
              icon={<Activity />}
              title={`No calls in the last ${rangeWords[shown.range]}`}
              action={<ButtonLink href={paths.service(at, 'api')}>Call it</ButtonLink>}
            >
              {shown.by === 'environment' ? 'In none of the environments. ' : ''}Requests, errors and latency appear
              here.
            </EmptyState>
          </div>
        ) : (
          <Charts
            data={data}
            by={shown.by}
            range={shown.range}
            share={filters.share}
            onShare={(share) => setFilters({ share })}
          />
        )}
      </div>
    </div>
  )
}

function ChartsSkeleton() {
  return (
    <div
      role="status"
      aria-label="Loading the charts"
      className="grid gap-px overflow-hidden rounded border border-border bg-border lg:grid-cols-2"
    >
      {[0, 1, 2, 3].map((index) => (
        <div key={index} className="flex flex-col gap-4 bg-raised px-3 pt-4 pb-6">
          <Skeleton className="h-3 w-24" />
          <Skeleton className="h-44 w-full" />
        </div>
      ))}
    </div>
  )
}
