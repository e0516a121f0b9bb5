import type { Metadata } from 'next'
import type { InTeam } from '#client/paths.ts'
import { Environments } from '#components/environments/environments.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Environments' }

/** Those that are there are what the frame has loaded. */
export default async function EnvironmentsPage({ params }: { params: Promise<InTeam> }) {
  const { team } = await params
  return (
    <Prefetched queries={(trpc) => [trpc.environments.departed.queryOptions({ team })]}>
      <Environments />
    </Prefetched>
  )
}
