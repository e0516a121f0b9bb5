import type { Metadata } from 'next'
import { Gate } from '#components/people/gate.tsx'
import { NewTeam } from '#components/people/new-team.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'New team' }

export default function NewTeamPage() {
  return (
    <Prefetched queries={(trpc) => [trpc.person.me.queryOptions()]}>
      <Gate
        title="New team"
        about="A team owns services and environments. You will be its owner. To join an existing team, ask one of its admins for an invitation."
      >
        <NewTeam />
      </Gate>
    </Prefetched>
  )
}
