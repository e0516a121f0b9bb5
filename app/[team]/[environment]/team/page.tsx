import type { Metadata } from 'next'
import { mayDo } from '#contract/permissions.ts'
import type { InTeam } from '#client/paths.ts'
import { firstAuditPage } from '#components/team/audit-page.ts'
import { Team } from '#components/team/team.tsx'
import { here, load, page } from '#server/page.ts'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Team' }

export default async function TeamPage({
  params,
  searchParams,
}: {
  params: Promise<InTeam>
  searchParams: Promise<{ tab?: string | string[] }>
}) {
  const { team } = await params
  const { tab } = await searchParams
  const everyone = tab === 'tokens' && (await maySeeAll(team))
  return (
    <Prefetched
      queries={(trpc) => [
        trpc.members.list.queryOptions({ team }),
        ...(tab === 'invitations' ? [trpc.invitations.list.queryOptions({ team })] : []),
        ...(tab === 'tokens' ? [trpc.tokens.list.queryOptions({ team, everyone })] : []),
        ...(tab === 'audit' ? [trpc.audit.read.queryOptions(firstAuditPage(team))] : []),
      ]}
    >
      <Team />
    </Prefetched>
  )
}

/** An admin is shown everybody's tokens (components/team/tokens.tsx). */
async function maySeeAll(team: string): Promise<boolean> {
  const { queryClient, trpc } = page()
  await load(await here(), trpc.person.me.queryOptions())
  const me = queryClient.getQueryData(trpc.person.me.queryKey())
  return (
    me !== undefined &&
    mayDo('member.write', {
      signedIn: true,
      operator: me.operator,
      role: me.teams.find(({ name }) => name === team)?.role,
    })
  )
}
