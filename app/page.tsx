import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { page } from '#server/page.ts'

/** To the first team's catalogue; before that, to whatever is missing for it. */
export default async function Home() {
  const { queryClient, trpc } = page()
  const { setupNeeded, signedIn } = await queryClient.fetchQuery(trpc.platform.welcome.queryOptions())
  if (!signedIn) redirect(setupNeeded ? paths.setup() : paths.signIn())
  const { teams } = await queryClient.fetchQuery(trpc.person.me.queryOptions())
  const [first] = teams.toSorted((one, other) => one.createdAt - other.createdAt)
  redirect(first === undefined ? paths.newTeam() : paths.catalogue({ team: first.name, environment: 'production' }))
}
