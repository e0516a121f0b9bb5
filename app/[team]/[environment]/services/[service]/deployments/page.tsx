import type { Metadata } from 'next'
import type { OfService } from '#client/paths.ts'
import { firstPage } from '#components/deployments/first-page.ts'
import { ServiceDeployments } from '#components/service-deployments/service-deployments.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Deployments' }

export default async function ServiceDeploymentsPage({ params }: { params: Promise<OfService> }) {
  const at = await params
  return (
    <Prefetched queries={(trpc) => [trpc.deployments.list.queryOptions(firstPage(at))]}>
      <ServiceDeployments />
    </Prefetched>
  )
}
