import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { viewerOfPage, webOfPage } from '#app/bridge.ts'

/** To the first team's catalogue; before that, to whatever is missing for it. */
export default async function Home() {
  const web = webOfPage()
  const viewer = await viewerOfPage()
  if (viewer === undefined) redirect((await web.setup.isNeeded()) ? paths.setup() : paths.signIn())
  const teams = await web.runtime.call('teams.list', { userId: viewer.person.id }, { actor: viewer.actor })
  const [first] = teams.toSorted((one, other) => one.createdAt - other.createdAt)
  redirect(first === undefined ? paths.newTeam() : paths.catalogue({ team: first.name, environment: 'production' }))
}
