import { useState } from 'react'
import type { TrafficGroup, TrafficRange } from '#contract/traffic-ranges.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { EnvironmentName } from '#components/environments/environment-mark.tsx'
import { Chart, CurveKey } from '#components/ui/chart.tsx'
import { useNow } from '#components/ui/now.ts'
import { Segments } from '#components/ui/segments.tsx'
import { type Column, Table } from '#components/ui/table.tsx'
import { chartsOf, rangeWords, type ServiceMetrics, shares, spokenErrors, spokenLatency } from './curves.ts'

type Total = ServiceMetrics['curves'][number]['total']
interface Row extends Total {
  name: string
  index: number
}

/** Four charts that are looked at together, and what they come to. */
export function Charts({
  data,
  by,
  range,
  share: asked,
  onShare,
}: {
  data: ServiceMetrics
  by: TrafficGroup
  range: TrafficRange
  share: string
  onShare: (share: string) => void
}) {
  const [at, setAt] = useState<number | null>(null)
  const share = shares.find((each) => each === asked) ?? 'p95'
  const { axis, charts } = chartsOf(data, { now: useNow(), share })
  const rows = data.curves.map(({ name, total }, index) => ({ ...total, name, index }))
  return (
    <div className="flex flex-col gap-4">
      <div className="grid gap-px overflow-hidden rounded border border-border bg-border lg:grid-cols-2">
        {charts.map(({ title, curves, say }) => (
          <Chart
            key={title}
            title={title}
            times={axis.times}
            end={axis.end}
            say={say}
            at={at}
            onLook={setAt}
            curves={by === 'caller' ? curves.map((curve) => ({ ...curve, name: callerWords(curve.name) })) : curves}
            about={
              title.startsWith('Latency') ? (
                by === 'all' ? (
                  <Legend names={curves.map(({ name }) => name)} />
                ) : (
                  <Segments
                    label="Latency percentile"
                    value={share}
                    options={shares.map((value) => ({ value, label: value }))}
                    onChange={(value) => onShare(value === 'p95' ? '' : value)}
                  />
                )
              ) : undefined
            }
          />
        ))}
      </div>
      <section
        aria-label={`The last ${rangeWords[range]}`}
        className="overflow-hidden rounded border border-border bg-raised"
      >
        <Table
          label={`The last ${rangeWords[range]}`}
          columns={columnsOf(by)}
          rows={rows}
          rowKey={({ name }) => name}
          empty={null}
        />
      </section>
    </div>
  )
}

function Legend({ names }: { names: readonly string[] }) {
  return (
    <ul className="flex gap-3 text-small text-muted">
      {names.map((name, index) => (
        <li key={name} className="flex items-center gap-1.5">
          <CurveKey index={index} />
          {name}
        </li>
      ))}
    </ul>
  )
}

const words: Record<string, string> = { person: 'people and tokens', anyone: 'anyone, not signed in' }
const callerWords = (name: string) => words[name] ?? name

function EnvironmentCell({ name }: { name: string }) {
  const found = useEnvironments().find((environment) => environment.name === name)
  return found === undefined ? (
    <span className="truncate text-muted">{name}</span>
  ) : (
    <EnvironmentName name={name} kind={found.kind} />
  )
}

function columnsOf(by: TrafficGroup): Column<Row>[] {
  const latency = (name: (typeof shares)[number], from?: 'sm'): Column<Row> => ({
    key: name,
    header: name,
    width: 'w-24 sm:w-28',
    align: 'end',
    ...(from && { from }),
    cell: (row) => spokenLatency(row[name], row.requests),
  })
  return [
    {
      key: 'name',
      header: by === 'all' ? 'All calls' : by === 'environment' ? 'Environment' : 'Caller',
      cell: ({ name, index }) =>
        by === 'all' ? (
          <span>together</span>
        ) : (
          <span className="flex min-w-0 items-center gap-2">
            <CurveKey index={index} />
            {by === 'environment' ? (
              <EnvironmentCell name={name} />
            ) : (
              <span className="truncate">{callerWords(name)}</span>
            )}
          </span>
        ),
    },
    {
      key: 'requests',
      header: 'Requests',
      width: 'w-20 sm:w-28',
      align: 'end',
      cell: ({ requests }) => <span className="tabular">{requests.toLocaleString('en-GB')}</span>,
    },
    {
      key: 'errors',
      header: 'Errors',
      width: 'w-24 sm:w-32',
      align: 'end',
      cell: (row) => <span className={row.errors > 0 ? 'tabular text-bad' : 'text-muted'}>{spokenErrors(row)}</span>,
    },
    {
      key: 'limited',
      header: 'Refused',
      width: 'w-24',
      from: 'md',
      align: 'end',
      cell: ({ limited }) => (
        <span className={limited > 0 ? 'tabular' : 'text-muted'}>
          {limited === 0 ? 'none' : limited.toLocaleString('en-GB')}
        </span>
      ),
    },
    latency('p50', 'sm'),
    latency('p95'),
    latency('p99', 'sm'),
  ]
}
