'use client'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
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
import { NewsButton } from './news-button.tsx'
import { serviceStateWord } from './service-state.tsx'
import { useDocumented } from './use-documented.ts'

const NewService = dynamic(() => import('./new-service.tsx').then((module) => module.NewService), { ssr: false })
const WhatChanged = dynamic(() => import('./what-changed.tsx').then((module) => module.WhatChanged), { ssr: false })
const filterNames = ['q', 'owner', 'language', 'state', 'audience', 'from', 'tag'] as const

const originOptions = [
  { value: 'own', label: 'Overrides' },
  { value: 'inherited', label: 'Inherited' },
]

/** What services there are, whose, in what state, and how to reach them. */
export function Catalogue({ creating: open = null }: { creating?: { template?: string | undefined } | null }) {
  const place = usePlace()
  const trpc = useTRPC()
  const may = useMay()
  const { data: services } = useSuspenseQuery(trpc.services.catalogue.queryOptions(place))
  const { data: environments } = useSuspenseQuery(trpc.environments.list.queryOptions({ team: place.team }))
  const [filters, setFilters] = useFilters(filterNames)
  const [creating, setCreating] = useState(open)
  const [reading, setReading] = useState(false)
  const search = useRef<HTMLInputElement>(null)

  const deferred = useDeferredValue(filters)
  const { q, owner, language, state, audience, from, tag } = deferred
  const documented = useDocumented(place.team, q)
  const found = useMemo(
    () => searchCatalogue(services, { q, owner, language, state, audience, from, tag, team: place.team }, documented),
    [services, q, owner, language, state, audience, from, tag, place.team, documented],
  )
  const isOverlay = environments.some(({ name, parent }) => name === place.environment && parent !== null)
  const own = services.filter((service) => service.team === place.team && originOf(service) === 'own').length
  // Nothing waits for it.
  const { data: activity } = useQuery(trpc.metrics.activity.queryOptions(place))
  const columns = useMemo(
    () =>
      catalogueColumns({
        team: place.team,
        environment: place.environment,
        kinds: new Map(environments.map(({ name, kind }) => [name, kind])),
        activity: new Map(activity?.map((one) => [one.serviceId, one])),
      }),
    [place.team, place.environment, environments, activity],
  )
  const choices = useMemo(
    () => ({
      owners: [
        ...new Map(
          services.flatMap((service) => (service.owner ? [[service.owner.email, service.owner.name] as const] : [])),
        ),
      ].map(([value, label]) => ({ value, label })),
      tags: [...new Set(services.flatMap((service) => service.tags))].sort(),
      languages: [...new Set(services.map((service) => service.language))].filter((language) => language !== '').sort(),
    }),
    [services],
  )
  const mayCreate = may('service.create')

  useActions([
    {
      id: 'service.new',
      title: 'New service',
      keys: 'n',
      words: 'create template',
      reason: mayCreate,
      run: () => setCreating({}),
    },
    { id: 'catalogue.news', title: 'What changed', words: 'news following shared asks', run: () => setReading(true) },
    { id: 'catalogue.search', title: 'Search the catalogue', keys: '/', run: () => search.current?.focus() },
  ])

  const newButton = (
    <Button kind="primary" keys="n" reason={mayCreate} onClick={() => setCreating({})}>
      <Plus />
      New service
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Catalogue"
        about={`${found.length === services.length ? services.length : `${found.length} of ${services.length}`}${isOverlay ? ` · ${own} ${own === 1 ? 'override' : 'overrides'}` : ''}`}
        actions={
          <>
            <NewsButton team={place.team} open={() => setReading(true)} />
            {newButton}
          </>
        }
      >
        <FilterBar label="Filter the catalogue">
          <SearchInput
            ref={search}
            aria-label="Search services"
            placeholder="Search names, tags, endpoints, docs"
            className="w-56 shrink-0 sm:w-72"
            value={filters.q}
            onChange={(event) => setFilters({ q: event.target.value })}
            onKeyDown={(event) => {
              if (event.key === 'Escape') setFilters({ q: '' })
            }}
          />
          <FilterSelect
            label="Owner"
            any="Any owner"
            value={filters.owner}
            options={choices.owners}
            onChange={(value) => setFilters({ owner: value })}
          />
          <FilterSelect
            label="Language"
            any="Any language"
            value={filters.language}
            options={choices.languages}
            onChange={(value) => setFilters({ language: value })}
          />
          {(choices.tags.length > 0 || filters.tag !== '') && (
            <FilterSelect
              label="Tag"
              any="Any tag"
              value={filters.tag}
              options={choices.tags}
              onChange={(value) => setFilters({ tag: value })}
            />
          )}
          <FilterSelect
            label="State"
            any="Any state"
            value={filters.state}
            options={serviceStates.map((value) => ({ value, label: serviceStateWord(value) }))}
            onChange={(value) => setFilters({ state: value })}
          />
          <FilterSelect
            label="Audience"
            any="Any audience"
            value={filters.audience}
            options={audienceOptions}
            onChange={(value) => setFilters({ audience: value })}
          />
          {isOverlay && (
            <FilterSelect
              label="Source environment"
              any="Overrides and inherited"
              value={filters.from}
              options={originOptions}
              onChange={(value) => setFilters({ from: value })}
            />
          )}
        </FilterBar>
      </PageHeader>
      <Table
        label="Services"
        columns={columns}
        rows={found}
        rowKey={(service) => service.id}
        empty={
          services.length === 0 ? (
            <EmptyState icon={<Boxes />} title="No services yet" action={newButton}>
              Create one from a template: edit it here, deploy it, call it. It takes about two minutes. Or run{' '}
              <code className="text-text">m3o deploy</code> in an existing folder.
            </EmptyState>
          ) : (
            <EmptyState
              icon={<Boxes />}
              title="Nothing matches"
              action={
                <Button
                  onClick={() =>
                    setFilters({ q: '', owner: '', language: '', state: '', audience: '', from: '', tag: '' })
                  }
                >
                  Clear the filters
                </Button>
              }
            >
              {services.length} services do not match the search and the filters.
            </EmptyState>
          )
        }
      />
      {reading && <WhatChanged onDismiss={() => setReading(false)} />}
      {creating !== null && <NewService template={creating.template} onDismiss={() => setCreating(null)} />}
    </>
  )
}
