import type { Metadata } from 'next'
import { Settings } from '#components/settings/settings.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Settings' }

export default async function SettingsPage({
  params,
  searchParams,
}: {
  params: Promise<{ team: string }>
  searchParams: Promise<{ tab?: string | string[] }>
}) {
  const [{ team }, { tab }] = await Promise.all([params, searchParams])
  return (
    <Prefetched
      queries={(trpc) =>
        tab === 'account'
          ? [
              trpc.person.sessions.queryOptions(),
              trpc.person.consents.queryOptions(),
              trpc.security.read.queryOptions(),
            ]
          : tab === 'platform'
            ? [trpc.platform.people.queryOptions(), trpc.platform.status.queryOptions()]
            : tab === 'health'
              ? [
                  trpc.platform.health.queryOptions(),
                  trpc.platform.status.queryOptions(),
                  trpc.platform.about.queryOptions(),
                ]
              : [trpc.platform.about.queryOptions(), trpc.teams.egress.queryOptions({ team })]
      }
    >
      <Settings />
    </Prefetched>
  )
}
