'use client'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Promotion } from '#contract/promotions.ts'
import { type InTeam, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { RowLink } from '#components/ui/row-link.tsx'
import { RowsSkeleton } from '#components/ui/skeleton.tsx'
import { type Column, Table } from '#components/ui/table.tsx'
import { Duration, Time } from '#components/ui/time.tsx'
import { PromotionStateMark, titleOf } from './promotion-state.tsx'

/** Promotions into an environment and from it, newest first. */
export function PromotionHistory({ place, environment }: { place: InTeam; environment: string }) {
  const trpc = useTRPC()
  const { data, error } = useQuery(trpc.promotions.list.queryOptions({ team: place.team, environment }))
  const columns = useMemo(
    () => columnsOf({ team: place.team, environment: place.environment }),
    [place.team, place.environment],
  )
  if (error !== null) return <ErrorLine error={error} />
  if (data === undefined) return <RowsSkeleton label="Loading promotions" />
  return (
    <Table
      label="Promotions"
      columns={columns}
      rows={data}
      rowKey={({ id }) => id}
      empty={
        <p className="rounded border border-border bg-raised px-3 py-2 text-muted">
          No promotions to {environment} or from it yet.
        </p>
      }
    />
  )
}

const columnsOf = (place: InTeam): Column<Promotion>[] => [
  { key: 'state', header: 'State', width: 'w-32', cell: (each) => <PromotionStateMark promotion={each} /> },
  {
    key: 'what',
    header: 'Promotion',
    width: 'sm:w-56',
    cell: (each) => (
      <RowLink href={paths.promotion(place, each.id)} className="font-medium">
        {titleOf(each)}
      </RowLink>
    ),
  },
  {
    key: 'services',
    header: 'Services',
    from: 'md',
    cell: (each) => (
      <span className="truncate text-muted" title={each.services.map(({ service }) => service).join(', ')}>
        {each.services
          .slice(0, 4)
          .map(({ service }) => service)
          .join(', ')}
        {each.services.length > 4 && ` and ${each.services.length - 4} more`}
      </span>
    ),
  },
  {
    key: 'took',
    header: 'Took',
    width: 'w-20',
    from: 'lg',
    align: 'end',
    cell: (each) => (
      <Duration
        className="text-muted"
        ms={each.durationMs}
        since={each.endedAt === null ? each.createdAt : undefined}
      />
    ),
  },
  { key: 'by', header: 'By', width: 'w-44', from: 'sm', cell: (each) => <span className="text-muted">{each.by}</span> },
  {
    key: 'at',
    header: 'Started',
    width: 'w-28',
    align: 'end',
    cell: (each) => <Time at={each.createdAt} className="text-muted" />,
  },
]
