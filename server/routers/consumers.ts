import { z } from 'zod'
import { perMinute } from '#contract/sharing.ts'
import { authorizedService, authorizedTeam, router } from '../trpc.ts'
import type { Viewer, Web } from '../web.ts'
import { isInScope } from '../authorize.ts'
import { requireLookedAt } from '../looked-at.ts'

const team = z.string().min(1).max(64)
const days = z.number().int().min(1).max(90).default(30)
const sentences = z.string().trim().max(1_000)

/** Teams that call a service of one's own. */
export const consumers = router({
  /** Who calls it, how often, with what outcome, by day; who asks to; and who calls which endpoint. */
  list: authorizedService('consumer.read')
    .input(z.object({ days }))
    .query(({ ctx, input }) =>
      ctx.web.runtime.call('consumers.list', { serviceId: ctx.at.serviceId, days: input.days }, ctx.as),
    ),

  /** Teams that wait for an answer, of all services. */
  asks: authorizedTeam('consumer.read', { listing: true }).query(async ({ ctx }) => {
    const asks = await ctx.web.runtime.call('consumers.asks', { teamId: ctx.at.teamId }, ctx.as)
    return isInScope(ctx.viewer, { serviceId: '' }) ? asks : []
  }),

  /** `of`: name of the team. Approving needs no ask before it; `looked`: the team and the ask that were looked at, else `conflict`. */
  decide: authorizedService('consumer.write')
    .input(
      z.object({
        of: team,
        verdict: z.enum(['approve', 'decline', 'revoke']),
        answer: sentences.default(''),
        looked: z.object({ teamId: z.string().max(64), askedAt: z.number().nullable() }).optional(),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      const teamId = await idOfTeam(ctx, input.of)
      requireLookedAt('team', input.of, { id: teamId, looked: input.looked?.teamId })
      return ctx.web.runtime.call(
        'consumers.decide',
        {
          serviceId: ctx.at.serviceId,
          teamId,
          verdict: input.verdict,
          answer: input.answer,
          ...(input.looked && { askedAt: input.looked.askedAt }),
        },
        ctx.as,
      )
    }),

  /** Calls a minute of one team; null: as many as every other team. */
  limit: authorizedService('consumer.write')
    .input(z.object({ of: team, perMinute: perMinute.nullable() }))
    .mutation(async ({ ctx, input }) =>
      ctx.web.runtime.call(
        'consumers.limit',
        { serviceId: ctx.at.serviceId, teamId: await idOfTeam(ctx, input.of), perMinute: input.perMinute },
        ctx.as,
      ),
    ),
})

/** Any team of the platform: to share with somebody one must know their name. */
async function idOfTeam(
  { web, viewer, as }: { web: Pick<Web, 'runtime'>; viewer: Viewer; as: object },
  name: string,
): Promise<string> {
  return (await web.runtime.call('access.resolve', { userId: viewer.person.id, team: name }, as)).teamId
}
