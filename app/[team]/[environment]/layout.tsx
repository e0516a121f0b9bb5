import { notFound } from 'next/navigation'
import type { ReactNode } from 'react'
import type { InTeam } from '#client/paths.ts'
import { Frame } from '#components/frame/frame.tsx'
import { page } from '#server/page.ts'
import { Prefetched } from '#app/prefetched.tsx'

export default async function ConsoleLayout({ params, children }: { params: Promise<InTeam>; children: ReactNode }) {
  const place = await params
  const queries = (trpc: ReturnType<typeof page>['trpc']) => [trpc.person.me.queryOptions(), trpc.environments.list.queryOptions({ team: place.team })]
  return (
    <Prefetched queries={queries}>
      <Known place={place}><Frame>{children}</Frame></Known>
    </Prefetched>
  )
}

/** What the frame has fetched tells whether there is such an environment. */
function Known({ place, children }: { place: InTeam; children: ReactNode }) {
  const { queryClient, trpc } = page()
  const environments = queryClient.getQueryData(trpc.environments.list.queryKey({ team: place.team }))
  if (environments?.some(({ name }) => name === place.environment) === false) notFound()
  return children
}
