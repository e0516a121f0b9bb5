import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { Gate } from '#components/people/gate.tsx'
import { NewTeam } from '#components/people/new-team.tsx'
import { viewerOfPage } from '#app/bridge.ts'

export const metadata: Metadata = { title: 'New team' }

export default async function NewTeamPage() {
  if ((await viewerOfPage()) === undefined) redirect(paths.signIn(paths.newTeam()))
  return <Gate title="New team" about="A team owns services and environments. You will be its owner."><NewTeam /></Gate>
}
