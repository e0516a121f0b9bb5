'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Rocket } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useMemo, useState } from 'react'
import type { Deployment, ListedService } from '#contract/records.ts'
import { deploymentStates } from '#contract/states.ts'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { FilterSelect } from '#components/ui/filter-select.tsx'
import { useFilters } from '#components/ui/filters.ts'
import { FilterBar, PageHeader } from '#components/ui/page.tsx'
import { RowsSkeleton } from '#components/ui/skeleton.tsx'
import { Table } from '#components/ui/table.tsx'
import { deploymentColumns } from './list-columns.tsx'
import { useCancel } from './cancel.ts'
import { useDeployments } from './use-deployments.ts'

const RollbackDialog = dynamic(
  () => import('#components/service/stop-dialogs.tsx').then((module) => module.RollbackDialog),
  { ssr: false },
)

/** What is changing across the team: newest first, live. */
export function DeploymentsList() {
  const place = usePlace()
  const { team } = place
  const trpc = useTRPC()
  const may = useMay()
  const cancel = useCancel(team)
  const environments = useEnvironments()
  const { data: members } = useSuspenseQuery(trpc.members.list.queryOptions({ team }))
  const [filters, setFilters] = useFilters(['environment', 'service', 'by', 'state'])
  const [back, setBack] = useState<Deployment | null>(null)
  const list = useDeployments({ team, ...filters })
  const shown = list.deployments
  const columns = useMemo(
    () =>
      deploymentColumns({
        team,
        kinds: new Map(environments.map(({ name, kind }) => [name, kind])),
        mayCancel: (environment) => may('service.deploy', environment),
        cancel,
        rollBack: setBack,
      }),
    [team, environments, may, cancel],
  )
  const { data: services } = useSuspenseQuery(trpc.services.catalogue.queryOptions(place))
  // Deployments carry the email of who asked for them, or the platform's name.
  const people = useMemo(() => {
    const named = new Map(members.map(({ person }) => [person.email, person.name]))
    for (const by of [...shown.map((each) => each.by), filters.by]) if (by !== '' && !named.has(by)) named.set(by, by)
    return [...named].map(([value, label]) => ({ value, label }))
  }, [members, shown, filters.by])
  const filtered = Object.values(filters).some((value) => value !== '')
  return (
    <>
      <PageHeader title="Deployments" about="across the team, newest first">
        <FilterBar label="Filter deployments">
          <FilterSelect
            label="Environment"
            any="Any environment"
            value={filters.environment}
            options={environments.map(({ name }) => name)}
            onChange={(value) => setFilters({ environment: value })}
          />
          <FilterSelect
            label="Service"
            any="Any service"
            value={filters.service}
            options={namesOf(services, team, filters.service)}
            onChange={(value) => setFilters({ service: value })}
          />
          <FilterSelect
            label="Person"
            any="Anybody"
            value={filters.by}
            options={people}
            onChange={(value) => setFilters({ by: value })}
          />
          <FilterSelect
            label="State"
            any="Any state"
            value={filters.state}
            options={deploymentStates}
            onChange={(value) => setFilters({ state: value })}
          />
        </FilterBar>
      </PageHeader>
      {list.error !== null && (
        <div className="p-4 sm:px-6">
          <ErrorLine error={list.error} />
        </div>
      )}
      {list.isPending ? (
        <RowsSkeleton label="Loading deployments" />
      ) : (
        <Table
          label="Deployments"
          columns={columns}
          rows={shown}
          rowKey={(each) => each.id}
          empty={
            list.error !== null ? null : filtered ? (
              <EmptyState
                icon={<Rocket />}
                title="Nothing matches"
                action={
                  <Button onClick={() => setFilters({ environment: '', service: '', by: '', state: '' })}>
                    Clear the filters
                  </Button>
                }
              >
                No deployments match these filters.
              </EmptyState>
            ) : (
              <EmptyState icon={<Rocket />} title="No deployments yet">
                Deploy from a service’s editor, with <code className="text-text">m3o deploy</code>, or by{' '}
                <code className="text-text">git push</code>. Deployments appear here with their phases.
              </EmptyState>
            )
          }
        />
      )}
      {back !== null && (
        <RollbackDialog
          at={{ team, environment: back.environment, service: back.service }}
          to={back}
          onDismiss={() => setBack(null)}
        />
      )}
      {(list.hasOlder || list.isOlderPending) && (
        <div className="flex justify-center py-4">
          <Button busy={list.isOlderPending} onClick={list.showOlder}>
            Show older
          </Button>
        </div>
      )}
    </>
  )
}

const namesOf = (services: readonly ListedService[], team: string, chosen: string) => [
  ...new Set([
    ...services.flatMap((service) => (service.team === team ? service.name : [])),
    ...(chosen === '' ? [] : [chosen]),
  ]),
]
