import type { Metadata } from 'next'
import type { OfService } from '#client/paths.ts'
import { askedBy } from '#components/metrics/asked.ts'
import { Metrics } from '#components/metrics/metrics.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Metrics' }

export default async function MetricsPage({
  params,
  searchParams,
}: {
  params: Promise<OfService>
  searchParams: Promise<{ range?: string; by?: string }>
}) {
  const { team, environment, service } = await params
  const asked = askedBy(await searchParams)
  return (
    <Prefetched queries={(trpc) => [trpc.metrics.service.queryOptions({ team, environment, service, ...asked })]}>
      <Metrics />
    </Prefetched>
  )
}
