import type { Metadata } from 'next'
import type { ReactNode } from 'react'
import type { OfService } from '#client/paths.ts'
import { firstPage } from '#components/deployments/first-page.ts'
import { DeploymentDetail } from '#components/service-deployments/deployment-detail.tsx'
import { logQuery } from '#components/service-deployments/log-query.ts'
import { page } from '#server/page.ts'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Deployment' }

export default async function DeploymentPage({ params }: { params: Promise<OfService & { deployment: string }> }) {
  const { deployment, ...at } = await params
  return (
    <Prefetched
      queries={(trpc) => [
        trpc.deployments.get.queryOptions({ team: at.team, deploymentId: deployment }),
        trpc.deployments.list.queryOptions(firstPage(at)),
        trpc.deployments.diff.queryOptions({ team: at.team, deploymentId: deployment }),
        trpc.deployments.impact.queryOptions({ team: at.team, deploymentId: deployment }),
      ]}
    >
      <WithLog at={at} deploymentId={deployment}>
        <DeploymentDetail />
      </WithLog>
    </Prefetched>
  )
}

/** When it was made is known once it was asked for. */
function WithLog({ at, deploymentId, children }: { at: OfService; deploymentId: string; children: ReactNode }) {
  const { queryClient, trpc } = page()
  const deployment = queryClient.getQueryData(trpc.deployments.get.queryKey({ team: at.team, deploymentId }))
  if (deployment === undefined) return children
  return (
    <Prefetched queries={(options) => [options.logs.read.queryOptions(logQuery(at, deployment))]}>
      {children}
    </Prefetched>
  )
}
