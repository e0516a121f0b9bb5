'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import type { OfService } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { Sparkline } from '#components/ui/sparkline.tsx'
import { lastHour, summaryOf } from './traffic.ts'

/** Requests, errors and latency of the last hour; they move with the gateway's counts. */
export function TrafficPanels({ at }: { at: OfService }) {
  const trpc = useTRPC()
  const { data } = useSuspenseQuery(trpc.metrics.service.queryOptions({ ...at, ...lastHour }))
  const summary = summaryOf(data)
  const curve = data.curves[0]
  const tiles = [
    {
      name: 'Requests',
      value: summary.requests.toLocaleString('en-GB'),
      values: curve?.requests ?? [],
      tone: 'text-accent',
    },
    {
      name: 'Errors',
      value: summary.errorShare,
      beside: summary.errors === 0 ? 'none' : summary.errors.toLocaleString('en-GB'),
      values: curve?.errors ?? [],
      tone: summary.errors > 0 ? 'text-bad' : 'text-muted',
    },
    { name: 'Latency p50', value: summary.p50, values: curve?.p50 ?? [], tone: 'text-muted', bars: true },
    { name: 'Latency p99', value: summary.p99, values: curve?.p99 ?? [], tone: 'text-muted', bars: true },
  ]
  return (
    <section
      aria-label="The last hour"
      className="grid grid-cols-2 overflow-hidden rounded border border-border bg-border lg:grid-cols-4 gap-px"
    >
      {tiles.map(({ name, value, beside, values, tone, bars }) => (
        <div key={name} className="flex min-w-0 flex-col bg-raised px-3 pt-2.5">
          <h2 className="text-small text-muted">
            {name} <span className="max-sm:hidden">· last hour</span>
          </h2>
          <p className="tabular mb-2 flex items-baseline gap-2 text-title font-semibold">
            {value}
            {beside !== undefined && <span className="text-small font-normal text-muted">{beside}</span>}
          </p>
          <div className="mt-auto h-9 overflow-hidden [&>svg]:h-full [&>svg]:w-full">
            <Sparkline
              values={values}
              width={240}
              height={36}
              tone={tone}
              bars={bars ?? false}
              label={`${name} over the last hour, ${value} in all`}
            />
          </div>
        </div>
      ))}
    </section>
  )
}
