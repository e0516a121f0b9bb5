'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Boxes, Plus } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import { serviceStates } from '#contract/states.ts'
import { useTRPC } from '#client/trpc.ts'
import { useActions } from '#components/frame/actions.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { FilterSelect } from '#components/ui/filter-select.tsx'
import { useFilters } from '#components/ui/filters.ts'
import { SearchInput } from '#components/ui/input.tsx'
import { FilterBar, PageHeader } from '#components/ui/page.tsx'
import { Table } from '#components/ui/table.tsx'
import { audienceOptions } from './audience.ts'
import { catalogueColumns } from './catalogue-columns.tsx'
import { originOf, searchCatalogue } from './catalogue-search.ts'
import { serviceStateWord } from './service-state.tsx'

const NewService = dynamic(() => import('./new-service.tsx').then((module) => module.NewService), { ssr: false })
const filterNames = ['q', 'owner', 'language', 'state', 'audience', 'from'] as const

const originOptions = [{ value: 'own', label: 'Its own copies' }, { value: 'inherited', label: 'Inherited' }]

/** What services there are, whose, in what state, and how to reach them. */
export function Catalogue({ creating: open = null }: { creating?: { template?: string | undefined } | null }) {
  const place = usePlace()
  const trpc = useTRPC()
  const may = useMay()
  const { data: services } = useSuspenseQuery(trpc.services.catalogue.queryOptions(place))
  const { data: environments } = useSuspenseQuery(trpc.environments.list.queryOptions({ team: place.team }))
  const [filters, setFilters] = useFilters(filterNames)
  const [creating, setCreating] = useState(open)
  const search = useRef<HTMLInputElement>(null)

  const deferred = useDeferredValue(filters)
  const { q, owner, language, state, audience, from } = deferred
  const found = useMemo(
    () => searchCatalogue(services, { q, owner, language, state, audience, from, team: place.team }), [services, q, owner, language, state, audience, from, place.team],
  )
  const isOverlay = environments.some(({ name, parent }) => name === place.environment && parent !== null)
  const own = services.filter((service) => service.team === place.team && originOf(service) === 'own').length
  const columns = useMemo(
    () => catalogueColumns({ team: place.team, environment: place.environment, kinds: new Map(environments.map(({ name, kind }) => [name, kind])) }),
    [place.team, place.environment, environments],
  )
  const choices = useMemo(() => ({
    owners: [...new Map(services.flatMap((service) => (service.owner ? [[service.owner.email, service.owner.name] as const] : [])))].map(([value, label]) => ({ value, label })),
    languages: [...new Set(services.map((service) => service.language))].filter((language) => language !== '').sort(),
  }), [services])
  const mayCreate = may('service.create')

  useActions([
    { id: 'service.new', title: 'New service', keys: 'n', words: 'create template', reason: mayCreate, run: () => setCreating({}) },
    { id: 'catalogue.search', title: 'Search the catalogue', keys: '/', run: () => search.current?.focus() },
  ])

  const newButton = <Button kind="primary" keys="n" reason={mayCreate} onClick={() => setCreating({})}><Plus />New service</Button>
  return (
    <>
      <PageHeader title="Catalogue" about={`${found.length === services.length ? services.length : `${found.length} of ${services.length}`}${isOverlay ? ` · ${own} of its own` : ''}`} actions={newButton}>
        <FilterBar label="Filter the catalogue">
          <SearchInput
            ref={search}
            aria-label="Search services"
            placeholder="Search services, endpoints, owners"
            className="w-56 shrink-0 sm:w-72"
            value={filters.q}
            onChange={(event) => setFilters({ q: event.target.value })}
            onKeyDown={(event) => { if (event.key === 'Escape') setFilters({ q: '' }) }}
          />
          <FilterSelect label="Owner" any="Any owner" value={filters.owner} options={choices.owners} onChange={(value) => setFilters({ owner: value })} />
          <FilterSelect label="Language" any="Any language" value={filters.language} options={choices.languages} onChange={(value) => setFilters({ language: value })} />
          <FilterSelect label="State" any="Any state" value={filters.state} options={serviceStates.map((value) => ({ value, label: serviceStateWord(value) }))} onChange={(value) => setFilters({ state: value })} />
          <FilterSelect label="Audience" any="Any audience" value={filters.audience} options={audienceOptions} onChange={(value) => setFilters({ audience: value })} />
          {isOverlay && <FilterSelect label="Serves from" any="Own and inherited" value={filters.from} options={originOptions} onChange={(value) => setFilters({ from: value })} />}
        </FilterBar>
      </PageHeader>
      <Table
        label="Services"
        columns={columns}
        rows={found}
        rowKey={(service) => service.id}
        empty={services.length === 0
          ? <EmptyState icon={<Boxes />} title="No services yet" action={newButton}>Make one from a template: edit it here, deploy it, call it. It takes about two minutes. Or run <code className="text-text">m3o deploy</code> in a folder that you have.</EmptyState>
          : <EmptyState icon={<Boxes />} title="Nothing matches" action={<Button onClick={() => setFilters({ q: '', owner: '', language: '', state: '', audience: '', from: '' })}>Clear the filters</Button>}>{services.length} services are hidden by the search and the filters.</EmptyState>}
      />
      {creating !== null && <NewService template={creating.template} onDismiss={() => setCreating(null)} />}
    </>
  )
}
