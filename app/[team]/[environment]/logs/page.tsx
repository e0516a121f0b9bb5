import type { Metadata } from 'next'
import type { InTeam } from '#client/paths.ts'
import { Logs } from '#components/logs/logs.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Logs' }

export default async function LogsPage({ params }: { params: Promise<InTeam> }) {
  const place = await params
  return (
    <Prefetched queries={(trpc) => [trpc.services.catalogue.queryOptions(place)]}>
      <Logs />
    </Prefetched>
  )
}
