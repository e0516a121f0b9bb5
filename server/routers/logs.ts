import { z } from 'zod'
import { logPageQuery } from '#contract/logs.ts'
import { idsOf, logTargets, positionsById } from '../log-targets.ts'
import { authorizedEnvironment, router } from '../trpc.ts'

export const logs = router({
  /** Stored lines, oldest first; `services` empty means all of the environment. The live tail is topic `logs` of the socket. */
  read: authorizedEnvironment('log.read', { listing: true })
    .input(logPageQuery.extend({ services: z.array(z.string()).max(200).default([]) }))
    .query(async ({ ctx, input }) => {
      const { team, environment: _environment, services, beyond, ...query } = input
      const targets = await logTargets(ctx.web, ctx.viewer, { at: ctx.at, names: services })
      return ctx.web.runtime.call(
        'logs.read',
        {
          targets: idsOf(targets),
          query: {
            ...query,
            ...(beyond && { beyond: await positionsById(ctx.web, ctx.viewer, { team, targets, positions: beyond }) }),
          },
        },
        { ...ctx.as, timeoutMs: 90_000 },
      )
    }),

  /** How many lines there are over time; of what the viewer may read. */
  volume: authorizedEnvironment('log.read', { listing: true })
    .input(
      z.object({
        services: z.array(z.string()).max(200).default([]),
        since: z.number().nullable(),
        until: z.number(),
        steps: z.number().int().min(1).max(200),
      }),
    )
    .query(async ({ ctx, input: { services, since, until, steps } }) => {
      const targets = await logTargets(ctx.web, ctx.viewer, { at: ctx.at, names: services })
      if (targets.length === 0) return { from: since ?? until, to: until, counts: [], complete: true }
      return ctx.web.runtime.call('logs.volume', { targets: idsOf(targets), since, until, steps }, ctx.as)
    }),
})
