import { z } from 'zod'
import { trafficGroups, trafficRangeNames } from '#contract/traffic-ranges.ts'
import { isInScope } from '../authorize.ts'
import { authorizedEnvironment, authorizedServiceHere, router } from '../trpc.ts'
import { here } from './services.ts'

/** What the gateway counted, as curves. */
export const metrics = router({
  /** Of one service: here, or in all environments of its team, or here by who called. */
  service: authorizedServiceHere('service.read')
    .input(z.object({ range: z.enum(trafficRangeNames), by: z.enum(trafficGroups).default('all') }))
    .query(async ({ ctx, input: { range, by } }) => {
      const environments =
        by === 'environment' ? await ctx.web.runtime.call('environments.list', { teamId: ctx.at.teamId }, ctx.as) : []
      const environmentIds = environments
        .map(({ id }) => id)
        .filter((environmentId) => isInScope(ctx.viewer, { environmentId }))
      return ctx.web.runtime.call('metrics.service', { ...here(ctx.at), range, by, environmentIds }, ctx.as)
    }),

  /** Of all services that were called here in the last hour, in few numbers. */
  activity: authorizedEnvironment('service.read', { listing: true }).query(async ({ ctx }) => {
    const all = await ctx.web.runtime.call(
      'metrics.activity',
      { environmentId: ctx.at.environmentId, serviceId: null },
      ctx.as,
    )
    return all.filter(({ serviceId }) => isInScope(ctx.viewer, { serviceId, environmentId: ctx.at.environmentId }))
  }),

  /** The same of one; null when it was not called. */
  lately: authorizedServiceHere('service.read').query(async ({ ctx }) => {
    const [own] = await ctx.web.runtime.call('metrics.activity', here(ctx.at), ctx.as)
    return own ?? null
  }),
})
