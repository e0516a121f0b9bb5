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
      return ctx.web.runtime.call('logs.read', { targets: idsOf(targets), query: { ...query, ...(beyond && { beyond: await positionsById(ctx.web, ctx.viewer, { team, targets, positions: beyond }) }) } }, { ...ctx.as, timeoutMs: 90_000 })
    }),
})
