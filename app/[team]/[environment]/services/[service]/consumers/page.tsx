import type { Metadata } from 'next'
import type { OfService } from '#client/paths.ts'
import { Consumers } from '#components/consumers/consumers.tsx'
import { lookedAt } from '#components/consumers/usage.ts'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Consumers' }

export default async function ConsumersPage({ params }: { params: Promise<OfService> }) {
  const { team, environment, service } = await params
  return (
    <Prefetched
      queries={(trpc) => [
        trpc.services.get.queryOptions({ team, environment, service }),
        trpc.consumers.list.queryOptions({ team, service, ...lookedAt }),
      ]}
    >
      <Consumers />
    </Prefetched>
  )
}
