import type { Metadata } from 'next'
import type { InTeam } from '#client/paths.ts'
import { Catalogue } from '#components/catalogue/catalogue.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Catalogue' }

export default async function CataloguePage({ params }: { params: Promise<InTeam> }) {
  const place = await params
  return (
    <Prefetched queries={(trpc) => [trpc.services.catalogue.queryOptions(place)]}>
      <Catalogue />
    </Prefetched>
  )
}
