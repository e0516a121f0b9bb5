import { z } from 'zod'
import { egress } from '#contract/egress.ts'
import { authorizedPerson, authorizedTeam, router } from '../trpc.ts'
import { looked, requireLookedAt } from '../looked-at.ts'
import { validName } from '../names.ts'
import { isLimited } from '../people/token-scope.ts'

export const teams = router({
  /** The teams one is in; with a limited token, the token's. */
  list: authorizedPerson('person.read').query(async ({ ctx }) => {
    const all = await ctx.web.runtime.call('teams.list', { userId: ctx.viewer.person.id }, ctx.as)
    const { token } = ctx.viewer
    return isLimited(token) ? all.filter((team) => team.id === token?.teamId) : all
  }),

  create: authorizedPerson('team.create')
    .input(z.object({ name: z.string() }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call(
        'teams.create',
        { name: validName('team', input.name), ownerId: ctx.viewer.person.id },
        ctx.as,
      ),
    ),

  rename: authorizedTeam('team.write')
    .input(z.object({ name: z.string() }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('teams.rename', { teamId: ctx.at.teamId, name: validName('team', input.name) }, ctx.as),
    ),

  /** Where its services may go outside of the platform. */
  egress: authorizedTeam('team.read').query(({ ctx }) =>
    ctx.web.runtime.call('teams.egress', { teamId: ctx.at.teamId }, ctx.as),
  ),

  setEgress: authorizedTeam('team.write')
    .input(z.object({ egress }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('teams.setEgress', { teamId: ctx.at.teamId, egress: input.egress }, ctx.as),
    ),

  delete: authorizedTeam('team.delete')
    .input(z.object({ id: looked }))
    .mutation(({ ctx, input }) => {
      requireLookedAt('team', ctx.at.team, { id: ctx.at.teamId, looked: input.id })
      return ctx.web.runtime.call('teams.delete', { teamId: ctx.at.teamId }, ctx.as)
    }),
})
