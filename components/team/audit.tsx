'use client'
import { keepPreviousData, useMutation, useQueries, useQueryClient } from '@tanstack/react-query'
import { ScrollText } from 'lucide-react'
import { useDeferredValue, useMemo, useState } from 'react'
import { toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { FilterSelect } from '#components/ui/filter-select.tsx'
import { useFilters } from '#components/ui/filters.ts'
import { SearchInput } from '#components/ui/input.tsx'
import { RowsSkeleton } from '#components/ui/skeleton.tsx'
import { Table } from '#components/ui/table.tsx'
import { useAuditCheck } from './audit-check.tsx'
import { auditColumns } from './audit-columns.tsx'
import { exportAudit } from './audit-export.ts'
import { auditFilterOf, auditPageSize, auditPeriods, firstAuditPage } from './audit-page.ts'
import { Refused } from './refused.tsx'

export function Audit() {
  const reason = useMay()('audit.read')
  return reason === null ? <List /> : <Refused reason={reason} what="the audit log" />
}

/** Every change, who made it, what was before and after; newest first. */
function List() {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const [after, setAfter] = useState<number[]>([])
  const [filters, setFilters] = useFilters(['actor', 'action', 'about', 'within'])
  const asked = useDeferredValue(filters)
  const filter = useMemo(() => auditFilterOf(asked, Date.now()), [asked])
  const change = (changed: Partial<typeof filters>) => {
    setAfter([])
    setFilters(changed)
  }
  const pageOf = (before: number | null, limit = auditPageSize) =>
    trpc.audit.read.queryOptions({ ...firstAuditPage(team), ...filter, before, limit })
  const pages = useQueries({
    queries: [null, ...after].map((before) => ({ ...pageOf(before), placeholderData: keepPreviousData })),
  })
  const entries = useMemo(() => pages.flatMap(({ data }) => data ?? []), [pages])
  const { button, outcome } = useAuditCheck()
  const exported = useMutation({
    mutationFn: (format: 'csv' | 'ndjson') =>
      exportAudit(team, format, (before, limit) => queries.fetchQuery({ ...pageOf(before, limit), staleTime: 0 })),
    onError: toastError,
  })
  const last = pages.at(-1)
  const lastSeq = entries.at(-1)?.seq
  const failed = pages.find(({ error }) => error !== null)
  const nothing = entries.length === 0 ? 'There is nothing to export' : null

  if (failed !== undefined && entries.length === 0)
    return <ErrorState error={failed.error} retry={() => void failed.refetch()} />
  if (pages[0]?.isPending ?? true) return <RowsSkeleton label="Loading the audit log" rows={12} />
  return (
    <>
      <div
        role="search"
        aria-label="Filter the audit log"
        className="flex flex-wrap items-center gap-2 border-b border-border px-4 py-3 sm:px-6"
      >
        <SearchInput
          aria-label="Search the audit log"
          placeholder="Search targets and values"
          className="min-w-0 grow basis-40 sm:w-64 sm:grow-0 sm:basis-auto"
          value={filters.about}
          onChange={(event) => change({ about: event.target.value })}
        />
        <span className="contents max-sm:order-1 max-sm:flex max-sm:w-full max-sm:flex-wrap max-sm:gap-2">
          <FilterSelect
            label="By"
            any="Anybody"
            value={filters.actor}
            options={unique([filters.actor, ...entries.map(({ actor }) => actor.name)])}
            onChange={(actor) => change({ actor })}
          />
          <FilterSelect
            label="Action"
            any="Any action"
            value={filters.action}
            options={unique([filters.action, ...entries.map(({ action }) => action)])}
            onChange={(action) => change({ action })}
          />
          <FilterSelect
            label="When"
            any="Any time"
            value={filters.within}
            options={auditPeriods}
            onChange={(within) => change({ within })}
          />
        </span>
        <span className="flex flex-wrap gap-2 sm:ml-auto">
          {button}
          <Button
            reason={nothing}
            busy={exported.isPending && exported.variables === 'csv'}
            onClick={() => exported.mutate('csv')}
          >
            Export CSV
          </Button>
          <Button
            reason={nothing}
            busy={exported.isPending && exported.variables === 'ndjson'}
            onClick={() => exported.mutate('ndjson')}
          >
            NDJSON
          </Button>
        </span>
      </div>
      {outcome}
      <Table
        label="Audit log"
        columns={auditColumns}
        rows={entries}
        rowKey={({ seq }) => String(seq)}
        empty={
          <EmptyState
            icon={<ScrollText />}
            title={Object.keys(filter).length === 0 ? 'No entries yet' : 'Nothing matches'}
          >
            All changes to the team, its services and environments, and all reads of secrets, are recorded here.
          </EmptyState>
        }
      />
      {(last?.isPending || (last?.data?.length ?? 0) >= auditPageSize) && (
        <div className="flex justify-center py-4">
          <Button
            busy={last?.isPending ?? false}
            onClick={() => {
              if (lastSeq !== undefined) setAfter([...after, lastSeq])
            }}
          >
            Show older
          </Button>
        </div>
      )}
    </>
  )
}

const unique = (values: readonly string[]) => [...new Set(values)].filter((value) => value !== '').sort()
