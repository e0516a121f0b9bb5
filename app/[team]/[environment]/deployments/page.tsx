import type { Metadata } from 'next'
import type { InTeam } from '#client/paths.ts'
import { DeploymentsList } from '#components/deployments/deployments-list.tsx'
import { firstPage } from '#components/deployments/first-page.ts'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Deployments' }

type Query = Partial<Record<'environment' | 'service', string | string[]>>

export default async function DeploymentsPage({ params, searchParams }: { params: Promise<InTeam>; searchParams: Promise<Query> }) {
  const { team } = await params
  const { environment, service } = await searchParams
  return (
    <Prefetched queries={(trpc) => [
      trpc.deployments.list.queryOptions(firstPage({ team, environment: one(environment), service: one(service) })),
      trpc.members.list.queryOptions({ team }),
    ]}>
      <DeploymentsList />
    </Prefetched>
  )
}

const one = (value: string | string[] | undefined) => (typeof value === 'string' ? value : '')
