import { z } from 'zod'
import { logPageQuery } from '#contract/logs.ts'
import { idsOf, type LogTarget, logTargets } from '../log-targets.ts'
import { authorizedEnvironment, router } from '../trpc.ts'

export const logs = router({
  /** Stored lines, oldest first; `services` empty means all of the environment. The live tail is topic `logs` of the socket. */
  read: authorizedEnvironment('log.read', { listing: true })
    .input(logPageQuery.extend({ services: z.array(z.string()).max(200).default([]) }))
    .query(async ({ ctx, input }) => {
      const { team: _team, environment: _environment, services, beyond, ...query } = input
      const targets = await logTargets(ctx.web, ctx.viewer, { at: ctx.at, names: services })
      return ctx.web.runtime.call('logs.read', { targets: idsOf(targets), query: { ...query, ...(beyond && { beyond: byId(beyond, targets) }) } }, { ...ctx.as, timeoutMs: 90_000 })
    }),

  /** How many lines there are over time; of what the viewer may read. */
  volume: authorizedEnvironment('log.read', { listing: true })
    .input(z.object({ services: z.array(z.string()).max(200).default([]), since: z.number().nullable(), until: z.number(), steps: z.number().int().min(1).max(200) }))
    .query(async ({ ctx, input: { services, since, until, steps } }) => {
      const targets = await logTargets(ctx.web, ctx.viewer, { at: ctx.at, names: services })
      if (targets.length === 0) return { from: since ?? until, to: until, counts: [], complete: true }
      return ctx.web.runtime.call('logs.volume', { targets: idsOf(targets), since, until, steps }, ctx.as)
    }),
})

/** Lines name their log by the names of service and environment, the runtime by their ids. */
function byId(beyond: Record<string, number>, targets: LogTarget[]): Record<string, number> {
  return Object.fromEntries(targets.flatMap(({ serviceId, environmentId, service, environment }) => {
    const seq = beyond[`${service}/${environment}`]
    return seq === undefined ? [] : [[`${serviceId}/${environmentId}`, seq]]
  }))
}
