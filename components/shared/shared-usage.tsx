'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import type { Service } from '#contract/records.ts'
import { useTRPC } from '#client/trpc.ts'
import { lookedAt, spokenCount, spokenErrors, spokenMean } from '#components/consumers/usage.ts'
import { usePlace } from '#components/frame/place.ts'
import { PageBody, Panel, Properties, Property, Section } from '#components/ui/page.tsx'
import { Sparkline } from '#components/ui/sparkline.tsx'
import { type Column, Table } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'

/** How one's own team uses another's service, and what it may. */
export function SharedUsage({ service, name }: { service: Service; name: string }) {
  const { team } = usePlace()
  const { data: usage } = useSuspenseQuery(useTRPC().shared.usage.queryOptions({ team, name, ...lookedAt }))
  const { total, days } = usage
  const called = days.filter(({ requests, limited }) => requests > 0 || limited > 0).toReversed()
  return (
    <PageBody>
      <Section
        title={`Calls by ${team}`}
        about={`Calls of its services and members in the last ${lookedAt.days} days (UTC).`}
      >
        <div className="grid grid-cols-2 gap-px overflow-hidden rounded border border-border bg-border sm:grid-cols-4">
          {[
            ['Requests', spokenCount(total.requests)],
            ['Errors', spokenErrors(total)],
            ['Mean latency', spokenMean(total)],
            ['Refused over the limit', spokenCount(total.limited)],
          ].map(([label, value]) => (
            <div key={label} className="bg-raised px-3 py-2.5">
              <p className="text-small text-muted">{label}</p>
              <p className="tabular text-title font-semibold">{value}</p>
            </div>
          ))}
          <div className="col-span-full h-12 overflow-hidden bg-raised [&>svg]:h-full [&>svg]:w-full">
            <Sparkline
              values={days.map(({ requests }) => requests)}
              width={600}
              height={48}
              tone="text-accent"
              label={`Requests by day, over ${days.length} days`}
            />
          </div>
        </div>
      </Section>
      <Section title="Permissions">
        <Panel>
          <Properties>
            <Property name="Calls a minute">
              <span className="tabular">
                {usage.perMinute === null
                  ? 'no limit'
                  : `at most ${spokenCount(usage.perMinute)}, services and members together`}
              </span>
            </Property>
            <Property name="Approval">
              {!service.approval ? (
                'not needed'
              ) : usage.state === null ? (
                'needed; not requested yet'
              ) : (
                <>
                  {usage.state}
                  {usage.decidedAt !== null && usage.state !== 'asked' && (
                    <span className="text-muted">
                      {' '}
                      by {usage.decidedBy}, <Time at={usage.decidedAt} />
                    </span>
                  )}
                </>
              )}
              {usage.answer !== '' && <span className="block text-pretty text-muted">“{usage.answer}”</span>}
            </Property>
          </Properties>
        </Panel>
      </Section>
      {called.length > 0 && (
        <Section title="By day">
          <Panel>
            <Table
              label="Calls by day"
              columns={columns}
              rows={called}
              rowKey={({ day }) => String(day)}
              empty={null}
            />
          </Panel>
        </Section>
      )}
    </PageBody>
  )
}

const columns: Column<{ day: number; requests: number; errors: number; meanMs: number | null; limited: number }>[] = [
  {
    key: 'day',
    header: 'Day',
    cell: ({ day }) => <span className="tabular">{new Date(day).toISOString().slice(0, 10)}</span>,
  },
  {
    key: 'requests',
    header: 'Requests',
    width: 'w-20 sm:w-24',
    align: 'end',
    cell: ({ requests }) => spokenCount(requests),
  },
  {
    key: 'errors',
    header: 'Errors',
    width: 'w-18 sm:w-24',
    align: 'end',
    cell: (day) => <span className={day.errors > 0 ? 'text-bad' : 'text-muted'}>{spokenErrors(day)}</span>,
  },
  { key: 'mean', header: 'Mean', width: 'w-18 sm:w-20', align: 'end', cell: (day) => spokenMean(day) },
  {
    key: 'limited',
    header: 'Refused',
    width: 'w-20',
    from: 'sm',
    align: 'end',
    cell: ({ limited }) => (limited === 0 ? <span className="text-muted">–</span> : spokenCount(limited)),
  },
]
