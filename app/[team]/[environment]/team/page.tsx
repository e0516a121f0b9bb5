import type { Metadata } from 'next'
import type { InTeam } from '#client/paths.ts'
import { Team } from '#components/team/team.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Team' }

export default async function TeamPage({ params }: { params: Promise<InTeam> }) {
  const { team } = await params
  return <Prefetched queries={(trpc) => [trpc.members.list.queryOptions({ team })]}><Team /></Prefetched>
}
