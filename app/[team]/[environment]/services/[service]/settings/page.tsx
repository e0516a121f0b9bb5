import type { Metadata } from 'next'
import type { OfService } from '#client/paths.ts'
import { ServiceSettings } from '#components/service-settings/service-settings.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Settings' }

export default async function ServiceSettingsPage({ params }: { params: Promise<OfService> }) {
  const { team, environment, service } = await params
  const at = { team, environment, service }
  return (
    <Prefetched
      queries={(trpc) => [
        trpc.services.get.queryOptions(at),
        trpc.variables.list.queryOptions(at),
        trpc.platform.about.queryOptions(),
      ]}
    >
      <ServiceSettings />
    </Prefetched>
  )
}
