import type { Metadata } from 'next'
import type { InTeam } from '#client/paths.ts'
import { Catalogue } from '#components/catalogue/catalogue.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'New service' }

/** The catalogue with the dialog open: a link to begin with. */
export default async function NewServicePage({
  params,
  searchParams,
}: {
  params: Promise<InTeam>
  searchParams: Promise<{ template?: string | string[] }>
}) {
  const place = await params
  const { template } = await searchParams
  return (
    <Prefetched queries={(trpc) => [trpc.services.catalogue.queryOptions(place), trpc.templates.list.queryOptions()]}>
      <Catalogue creating={{ template: typeof template === 'string' ? template : undefined }} />
    </Prefetched>
  )
}
