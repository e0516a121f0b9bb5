import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { type Role, roles } from '#contract/permissions.ts'
import { authorizedTeam, router } from '../trpc.ts'

const userId = z.string()

export const members = router({
  list: authorizedTeam('team.read', { listing: true }).query(({ ctx }) =>
    ctx.web.runtime.call('members.list', { teamId: ctx.at.teamId }, ctx.as),
  ),

  setRole: authorizedTeam('member.write')
    .input(z.object({ userId, role: z.enum(roles) }))
    .mutation(async ({ ctx, input }) => {
      const member = await find(ctx, input.userId)
      requireOwnerFor(ctx.at.role, [member.role, input.role])
      return ctx.web.runtime.call(
        'members.setRole',
        { teamId: ctx.at.teamId, userId: input.userId, role: input.role },
        ctx.as,
      )
    }),

  remove: authorizedTeam('member.write')
    .input(z.object({ userId }))
    .mutation(async ({ ctx, input }) => {
      const member = await find(ctx, input.userId)
      requireOwnerFor(ctx.at.role, [member.role])
      return ctx.web.runtime.call('members.remove', { teamId: ctx.at.teamId, userId: input.userId }, ctx.as)
    }),

  /** Oneself. */
  leave: authorizedTeam('team.read').mutation(({ ctx }) =>
    ctx.web.runtime.call('members.remove', { teamId: ctx.at.teamId, userId: ctx.viewer.person.id }, ctx.as),
  ),
})

type MemberContext = Parameters<Parameters<ReturnType<typeof authorizedTeam>['query']>[0]>[0]['ctx']

async function find(ctx: MemberContext, id: string) {
  const all = await ctx.web.runtime.call('members.list', { teamId: ctx.at.teamId }, ctx.as)
  const member = all.find(({ person }) => person.id === id)
  if (member === undefined)
    throw new PlatformError('not_found', 'this person is not a member of the team', { field: 'userId' })
  return member
}

/** Nobody gives, or takes, more than they have: owners are made and unmade by owners. */
export function requireOwnerFor(own: Role, touched: Role[]): void {
  if (own === 'owner' || !touched.includes('owner')) return
  throw new PlatformError('forbidden', 'only an owner may give or take the role owner', {
    field: 'role',
    fix: 'Ask an owner of the team.',
  })
}
