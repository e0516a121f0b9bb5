import { z } from 'zod'
import { maxVariableBytes, maxVariables } from '#contract/variables.ts'
import { authorizedServiceHere, router } from '../trpc.ts'
import { here } from './services.ts'

const name = z.string().min(1).max(200)

export const variables = router({
  /** Inherited ones included, and those that are left out here or withheld; secrets without values. */
  list: authorizedServiceHere('variable.read').query(({ ctx }) =>
    ctx.web.runtime.call('variables.list', here(ctx.at), ctx.as),
  ),

  /** What it is given here, without any value: to know what must be set where it is brought to. */
  names: authorizedServiceHere('source.read').query(async ({ ctx }) => {
    const all = await ctx.web.runtime.call('variables.list', here(ctx.at), ctx.as)
    return all.flatMap(({ name, secret, state }) => (state === 'removed' ? [] : [{ name, secret }]))
  }),

  /** Values of secrets. A mutation: it leaves an audit entry, and is neither asked again nor kept by anything on the way. */
  reveal: authorizedServiceHere('secret.read').mutation(({ ctx }) =>
    ctx.web.runtime.call('variables.reveal', here(ctx.at), ctx.as),
  ),

  set: authorizedServiceHere('variable.write')
    .input(
      z.object({
        name,
        value: z.string().max(maxVariableBytes),
        secret: z.boolean().default(false),
        inheritable: z.boolean().optional(),
      }),
    )
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call(
        'variables.set',
        {
          ...here(ctx.at),
          name: input.name,
          value: input.value,
          secret: input.secret,
          ...(input.inheritable !== undefined && { inheritable: input.inheritable }),
        },
        ctx.as,
      ),
    ),

  /** All of them or, when one cannot be set, none. */
  setAll: authorizedServiceHere('variable.write', { size: 'large' })
    .input(
      z.object({
        variables: z
          .array(z.object({ name, value: z.string().max(maxVariableBytes), secret: z.boolean() }))
          .min(1)
          .max(maxVariables),
      }),
    )
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('variables.setAll', { ...here(ctx.at), variables: input.variables }, ctx.as),
    ),

  delete: authorizedServiceHere('variable.write')
    .input(z.object({ name }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('variables.delete', { ...here(ctx.at), name: input.name }, ctx.as),
    ),

  /** Back to the parent's. */
  reset: authorizedServiceHere('variable.write')
    .input(z.object({ name }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('variables.reset', { ...here(ctx.at), name: input.name }, ctx.as),
    ),

  /** Whether environments below a protected one may have this secret as well. */
  mark: authorizedServiceHere('variable.write')
    .input(z.object({ name, inheritable: z.boolean() }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call(
        'variables.mark',
        { ...here(ctx.at), name: input.name, inheritable: input.inheritable },
        ctx.as,
      ),
    ),
})
