import type { Metadata } from 'next'
import type { InTeam } from '#client/paths.ts'
import { DeploymentsList } from '#components/deployments/deployments-list.tsx'
import { firstPage } from '#components/deployments/first-page.ts'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Deployments' }

type Query = Partial<Record<'environment' | 'service' | 'by' | 'state', string | string[]>>

export default async function DeploymentsPage({
  params,
  searchParams,
}: {
  params: Promise<InTeam>
  searchParams: Promise<Query>
}) {
  const place = await params
  const { team } = place
  const { environment, service, by, state } = await searchParams
  return (
    <Prefetched
      queries={(trpc) => [
        trpc.deployments.list.queryOptions(
          firstPage({ team, environment: one(environment), service: one(service), by: one(by), state: one(state) }),
        ),
        trpc.members.list.queryOptions({ team }),
        trpc.services.catalogue.queryOptions(place),
      ]}
    >
      <DeploymentsList />
    </Prefetched>
  )
}

const one = (value: string | string[] | undefined) => (typeof value === 'string' ? value : '')
