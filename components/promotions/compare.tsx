'use client'
import { useQuery } from '@tanstack/react-query'
import { ArrowLeft, GitCompare, Rocket } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { EnvironmentDiff } from '#contract/promotions.ts'
import { type InTeam, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useActions } from '#components/frame/actions.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { FilterSelect } from '#components/ui/filter-select.tsx'
import { PageHeader, Section } from '#components/ui/page.tsx'
import { RowsSkeleton } from '#components/ui/skeleton.tsx'
import { ChecksList } from './checks-list.tsx'
import { comparedWith } from './compared-with.ts'
import { ComparedServices } from './compared-services.tsx'
import { ComparedVariables } from './compared-variables.tsx'
import { PromotionHistory } from './promotion-history.tsx'

const PromoteDialog = dynamic(() => import('./promote-dialog.tsx').then((module) => module.PromoteDialog), {
  ssr: false,
})

/** The environment of the address against its parent, or another: what differs, and moving it up. */
export function Compare({ against }: { against: string | null }) {
  const place = usePlace()
  const router = useRouter()
  const may = useMay()
  const trpc = useTRPC()
  const environments = useEnvironments()
  const here = environments.find(({ name }) => name === place.environment)
  const usual = here?.parent ?? environments.find(({ name }) => name !== place.environment)?.name
  const other = against ?? usual
  const {
    data: diff,
    error,
    refetch,
  } = useQuery(
    trpc.environments.diff.queryOptions(comparedWith(place, against ?? (here?.parent ? null : (other ?? null))), {
      enabled: other !== undefined,
    }),
  )
  const [promoting, setPromoting] = useState(false)
  const reason = may('environment.promote') ?? whyNot(diff, here?.parent ?? null)
  useActions([
    {
      id: 'environment.promote',
      title: here?.parent ? `Promote ${place.environment} to ${here.parent}` : 'Promote',
      words: 'release ship',
      icon: <Rocket />,
      reason,
      run: () => setPromoting(true),
    },
  ])
  return (
    <>
      <PageHeader
        title={
          <span className="flex flex-wrap items-center gap-x-2">
            <Link
              href={paths.environments(place)}
              aria-label="Environments"
              className="-ml-1 rounded p-1 text-muted hover:text-text"
            >
              <ArrowLeft className="size-4" />
            </Link>
            {place.environment}{' '}
            {other !== undefined && (
              <>
                <span className="font-normal text-muted">against</span> {other}
              </>
            )}
          </span>
        }
        actions={
          <>
            {environments.length > 1 && (
              <FilterSelect
                label="Against"
                any={here?.parent ? `Parent: ${here.parent}` : (usual ?? '')}
                value={against ?? ''}
                options={environments.flatMap(({ name }) =>
                  name === place.environment || name === usual ? [] : [name],
                )}
                onChange={(name) => router.push(paths.compare(place, name === '' ? {} : { against: name }))}
              />
            )}
            {here?.parent != null && (
              <Button kind="primary" reason={reason} onClick={() => setPromoting(true)}>
                <Rocket />
                Promote to {here.parent}
              </Button>
            )}
          </>
        }
      />
      {error !== null ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : other === undefined ? (
        <EmptyState icon={<GitCompare />} title="Nothing to compare with">
          Create an environment first. Its changes can be promoted to {place.environment}.
        </EmptyState>
      ) : diff === undefined ? (
        <RowsSkeleton label="Comparing" />
      ) : (
        <Differences place={place} diff={diff} />
      )}
      {promoting && diff !== undefined && (
        <PromoteDialog place={place} diff={diff} onDismiss={() => setPromoting(false)} />
      )}
    </>
  )
}

function Differences({ place, diff }: { place: InTeam; diff: EnvironmentDiff }) {
  const checks = diff.checks.filter(({ code }) => code !== 'nothing_own' && code !== 'same')
  return (
    <div className="flex flex-col gap-8 px-4 py-6 sm:px-6">
      <Section
        title="Services"
        about={`${diff.services.length === 0 ? 'No differences' : `${diff.services.length} ${diff.services.length === 1 ? 'service differs or is overridden' : 'services differ or are overridden'} in ${diff.environment}`}; ${diff.same} ${diff.same === 1 ? 'is' : 'are'} the same.`}
      >
        {diff.services.length === 0 ? (
          <p className="rounded border border-border bg-raised px-3 py-2 text-muted">
            {diff.environment} is the same as {diff.against}. Deploy to it to see differences here.
          </p>
        ) : (
          <ComparedServices place={place} diff={diff} />
        )}
      </Section>
      {diff.unreachable.length > 0 && (
        <Section
          title="Not callable from here"
          about={`Services with secrets of a protected environment refuse calls made in ${diff.environment}. Deploy an override, mark the secrets as inheritable, or allow overlays in the protection.`}
        >
          <ul
            aria-label="Not callable from here"
            className="flex flex-col divide-y divide-border rounded border border-border"
          >
            {diff.unreachable.map(({ serviceId, service, from, keeper }) => (
              <li key={serviceId} className="px-3 py-2">
                <span className="font-medium">{service}</span>{' '}
                <span className="text-muted">
                  of {from} has secrets of {keeper}
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {checks.length > 0 && (
        <Section title="Before promoting">
          <ChecksList checks={checks} />
        </Section>
      )}
      {diff.variables.length > 0 && (
        <Section title="Variables" about="Promotions do not change them.">
          <ComparedVariables diff={diff} />
        </Section>
      )}
      <Section title="Promotions" about={`To and from ${diff.environment}, newest first.`}>
        <PromotionHistory place={place} environment={diff.environment} />
      </Section>
    </div>
  )
}

function whyNot(diff: EnvironmentDiff | undefined, parent: string | null): string | null {
  if (parent === null) return 'It has no parent to promote to'
  if (diff === undefined) return 'The comparison is loading'
  if (!diff.isParent) return `Compare it with its parent ${parent} first`
  return diff.services.some(({ here, relation }) => here?.own && relation !== 'same')
    ? null
    : `All of it is already live in ${parent}`
}
