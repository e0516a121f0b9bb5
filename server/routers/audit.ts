import { z } from 'zod'
import { authorizedTeam, router } from '../trpc.ts'

export const audit = router({
  /** Newest first; `before` is the `seq` of the last one seen. */
  read: authorizedTeam('audit.read')
    .input(z.object({ before: z.number().nullable().default(null), limit: z.number().int().min(1).max(500).default(100) }))
    .query(({ ctx, input }) => ctx.web.runtime.call('audit.read', { teamId: ctx.at.teamId, before: input.before, limit: input.limit }, ctx.as)),
})
