import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { terminalSize } from '#contract/live.ts'
import { authorizedServiceHere, router } from '../trpc.ts'
import { here } from './services.ts'

/** Opening, listing and closing; what is typed and shown goes over the live socket (contract/live.ts, topic `terminal`). */
export const terminals = router({
  list: authorizedServiceHere('service.exec').query(({ ctx }) =>
    ctx.web.runtime.call('terminals.list', { ...here(ctx.at), userId: ctx.viewer.person.id }, ctx.as),
  ),

  /** In the newest live instance unless one is named. */
  open: authorizedServiceHere('service.exec')
    .input(z.object({ instanceId: z.string().nullable().default(null), size: terminalSize }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call(
        'terminals.open',
        {
          ...here(ctx.at),
          userId: ctx.viewer.person.id,
          instanceId: input.instanceId,
          ...input.size,
        },
        ctx.as,
      ),
    ),

  close: authorizedServiceHere('service.exec')
    .input(z.object({ terminalId: z.string() }))
    .mutation(async ({ ctx, input }) => {
      const userId = ctx.viewer.person.id
      // It is asked for by a service and an environment: what is open elsewhere is none of theirs.
      const open = await ctx.web.runtime.call('terminals.list', { ...here(ctx.at), userId }, ctx.as)
      if (!open.some(({ id }) => id === input.terminalId))
        throw new PlatformError('not_found', 'this terminal is closed')
      return ctx.web.runtime.call('terminals.close', { terminalId: input.terminalId, userId }, ctx.as)
    }),
})
