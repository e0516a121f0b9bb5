import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import type { ReactNode } from 'react'
import type { InTeam } from '#client/paths.ts'
import { Frame } from '#components/frame/frame.tsx'
import { here, load, page } from '#server/page.ts'
import { Prefetched } from '#app/prefetched.tsx'

/** Tabs of one screen in two environments must not look the same. */
export async function generateMetadata({ params }: { params: Promise<InTeam> }): Promise<Metadata> {
  const { environment } = await params
  return { title: { default: environment, template: `%s · ${environment} · M3O` } }
}

export default async function ConsoleLayout({ params, children }: { params: Promise<InTeam>; children: ReactNode }) {
  const place = await params
  const queries = (trpc: ReturnType<typeof page>['trpc']) => [
    trpc.person.me.queryOptions(),
    trpc.environments.list.queryOptions({ team: place.team }),
  ]
  return (
    <Prefetched queries={queries}>
      <Known place={place}>
        <Frame asOf={page().asOf}>{children}</Frame>
      </Known>
    </Prefetched>
  )
}

/** What the frame has fetched tells whether there is such an environment. One that can come back is no unknown address. */
async function Known({ place: { team, environment }, children }: { place: InTeam; children: ReactNode }) {
  const { queryClient, trpc } = page()
  const named = (all: readonly { name: string }[] | undefined) => all?.some(({ name }) => name === environment)
  if (named(queryClient.getQueryData(trpc.environments.list.queryKey({ team }))) !== false) return children
  const departed = trpc.environments.departed.queryOptions({ team })
  await load(await here(), departed)
  if (named(queryClient.getQueryData(departed.queryKey)) !== true) notFound()
  return children
}
