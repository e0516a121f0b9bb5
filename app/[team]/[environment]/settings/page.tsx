import type { Metadata } from 'next'
import { Settings } from '#components/settings/settings.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Settings' }

export default async function SettingsPage({ searchParams }: { searchParams: Promise<{ tab?: string | string[] }> }) {
  const { tab } = await searchParams
  return (
    <Prefetched queries={(trpc) => [
      ...(tab === 'account' ? [trpc.person.sessions.queryOptions(), trpc.security.read.queryOptions()]
        : tab === 'platform' ? [trpc.platform.status.queryOptions(), trpc.platform.people.queryOptions()] : [trpc.platform.about.queryOptions()]),
    ]}>
      <Settings />
    </Prefetched>
  )
}
