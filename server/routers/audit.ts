import { z } from 'zod'
import { auditFilter } from '#contract/audit.ts'
import { authorizedPerson, authorizedTeam, router } from '../trpc.ts'

/** Newest first; `before` is the `seq` of the last one seen. */
const page = auditFilter.extend({
  before: z.number().nullable().default(null),
  limit: z.number().int().min(1).max(500).default(100),
})

export const audit = router({
  read: authorizedTeam('audit.read')
    .input(page)
    .query(({ ctx, input: { team: _team, ...asked } }) =>
      ctx.web.runtime.call('audit.read', { ...asked, teamId: ctx.at.teamId }, ctx.as),
    ),

  /** What is of no team: people, and the platform itself. */
  platform: authorizedPerson('platform.read')
    .input(page)
    .query(({ ctx, input }) => ctx.web.runtime.call('audit.read', { ...input, teamId: null }, ctx.as)),

  /** Whether all rows, of all teams, are as they were written. A mutation: it walks all of them, and is asked for, never refetched. */
  verify: authorizedTeam('audit.read').mutation(({ ctx }) =>
    ctx.web.runtime.call('audit.verify', {}, { ...ctx.as, timeoutMs: 120_000 }),
  ),
})
