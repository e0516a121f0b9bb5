import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { here, load, page } from '#server/page.ts'

/** Settings, Account are the same in every team: in one's first. */
export default async function AccountPage() {
  const { queryClient, trpc } = page()
  await load(await here(), trpc.person.me.queryOptions())
  const {
    teams: [team],
  } = await queryClient.fetchQuery(trpc.person.me.queryOptions())
  redirect(
    team === undefined ? paths.home() : paths.settings({ team: team.name, environment: 'production' }, 'account'),
  )
}
