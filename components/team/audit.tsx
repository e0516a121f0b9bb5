'use client'
import { useQueries } from '@tanstack/react-query'
import { ScrollText } from 'lucide-react'
import { useMemo, useState } from 'react'
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
import { type AuditEntry, auditPageSize, firstAuditPage } from './audit-page.ts'
import { auditColumns } from './audit-columns.tsx'
import { exportAudit } from './audit-export.ts'
import { Refused } from './refused.tsx'

export function Audit() {
  const reason = useMay()('audit.read')
  return reason === null ? <List /> : <Refused reason={reason} what="the audit log" />
}

/** Every change, who made it, what was before and after; newest first. */
function List() {
  const { team } = usePlace()
  const trpc = useTRPC()
  const [after, setAfter] = useState<number[]>([])
  const [filters, setFilters] = useFilters(['actor', 'action', 'about'])
  const pages = useQueries({ queries: [null, ...after].map((before) => trpc.audit.read.queryOptions({ ...firstAuditPage(team), before })) })
  const entries = useMemo(() => pages.flatMap(({ data }) => data ?? []), [pages])
  const shown = useMemo(() => entries.filter((entry) => matches(entry, filters)), [entries, filters])
  const last = pages.at(-1)
  const lastSeq = entries.at(-1)?.seq
  const failed = pages.find(({ error }) => error !== null)

  if (failed !== undefined && entries.length === 0) return <ErrorState error={failed.error} retry={() => void failed.refetch()} />
  if (pages[0]?.isPending ?? true) return <RowsSkeleton label="Loading the audit log" rows={12} />
  return (
    <>
      <div role="search" aria-label="Filter the audit log" className="flex flex-wrap items-center gap-2 border-b border-border px-4 py-3 sm:px-6">
        <SearchInput aria-label="Search the audit log" placeholder="Search targets and values" className="min-w-0 grow basis-40 sm:w-64 sm:grow-0 sm:basis-auto" value={filters.about} onChange={(event) => setFilters({ about: event.target.value })} />
        <span className="contents max-sm:order-1 max-sm:flex max-sm:w-full max-sm:gap-2">
          <FilterSelect label="By" any="Anybody" value={filters.actor} options={unique(entries.map(({ actor }) => actor.name))} onChange={(actor) => setFilters({ actor })} />
          <FilterSelect label="Action" any="Any action" value={filters.action} options={unique(entries.map(({ action }) => action))} onChange={(action) => setFilters({ action })} />
        </span>
        <Button className="sm:ml-auto" reason={shown.length === 0 ? 'There is nothing to export' : null} onClick={() => exportAudit(team, shown)}>Export</Button>
      </div>
      <Table label="Audit log" columns={auditColumns} rows={shown} rowKey={({ seq }) => String(seq)} empty={<EmptyState icon={<ScrollText />} title={entries.length === 0 ? 'Nothing has changed yet' : 'Nothing matches'}>Every change to the team, its services and environments is written down here.</EmptyState>} />
      {(last?.isPending || (last?.data?.length ?? 0) >= auditPageSize) && (
        <div className="flex justify-center py-4"><Button busy={last?.isPending ?? false} onClick={() => { if (lastSeq !== undefined) setAfter([...after, lastSeq]) }}>Show older ones</Button></div>
      )}
    </>
  )
}

function matches(entry: AuditEntry, { actor, action, about }: { actor: string; action: string; about: string }): boolean {
  return (actor === '' || entry.actor.name === actor) && (action === '' || entry.action === action)
    && (about === '' || `${entry.target} ${JSON.stringify(entry.before)} ${JSON.stringify(entry.after)}`.toLowerCase().includes(about.toLowerCase()))
}

const unique = (values: readonly string[]) => [...new Set(values)].sort()
