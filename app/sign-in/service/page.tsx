import type { Metadata } from 'next'
import { AgreeToService } from '#components/people/agree-to-service.tsx'
import { Gate } from '#components/people/gate.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Sign in to a service', referrer: 'no-referrer' }

type Query = Partial<Record<'host' | 'to', string | string[]>>

export default async function ServicePage({ searchParams }: { searchParams: Promise<Query> }) {
  const { host, to } = await searchParams
  if (typeof host !== 'string')
    return (
      <Gate title="This link is not complete" about="Open the service again.">
        {null}
      </Gate>
    )
  return (
    <Prefetched queries={(trpc) => [trpc.person.me.queryOptions(), trpc.person.consent.queryOptions({ host })]}>
      <AgreeToService host={host} to={typeof to === 'string' ? to : '/'} />
    </Prefetched>
  )
}
