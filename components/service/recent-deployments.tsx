'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { type OfService, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { firstPage } from '#components/deployments/first-page.ts'
import { DeploymentRow } from '#components/service-deployments/deployment-row.tsx'
import { RowList } from '#components/ui/row-list.tsx'
import { Section } from '#components/ui/page.tsx'

/** The last five here. */
export function RecentDeployments({ at }: { at: OfService }) {
  const trpc = useTRPC()
  const { data: deployments } = useSuspenseQuery(trpc.deployments.list.queryOptions(firstPage(at)))
  return (
    <Section
      title="Last deployments"
      actions={
        <Link href={paths.service(at, 'deployments')} className="text-small text-muted hover:text-text">
          All deployments
        </Link>
      }
    >
      {deployments.length === 0 ? (
        <p className="rounded border border-border bg-raised px-3 py-2 text-muted">
          No deployments to {at.environment} yet.
        </p>
      ) : (
        <RowList>
          {deployments.slice(0, 5).map((deployment) => (
            <DeploymentRow key={deployment.id} at={at} deployment={deployment} />
          ))}
        </RowList>
      )}
    </Section>
  )
}
