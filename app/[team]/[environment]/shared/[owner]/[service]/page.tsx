import type { Metadata } from 'next'
import type { OfService } from '#client/paths.ts'
import { SharedService } from '#components/shared/shared-service.tsx'
import { Prefetched } from '#app/prefetched.tsx'

type Params = Promise<OfService & { owner: string }>

export async function generateMetadata({ params }: { params: Params }): Promise<Metadata> {
  const { owner, service } = await params
  return { title: `@${owner}/${service}` }
}

export default async function SharedServicePage({ params }: { params: Params }) {
  const { team, owner, service } = await params
  return (
    <Prefetched queries={(trpc) => [trpc.services.shared.queryOptions({ team, name: `@${owner}/${service}` }), trpc.shared.followed.queryOptions({ team }), trpc.platform.about.queryOptions()]}>
      <SharedService />
    </Prefetched>
  )
}
