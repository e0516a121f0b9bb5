import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { roles } from '#contract/permissions.ts'
import { type AtTeam, authorize } from '../authorize.ts'
import { displayName } from '../people/inputs.ts'
import { isLimited, narrowed } from '../people/token-scope.ts'
import type { Viewer, Web } from '../web.ts'
import { authorizedTeam, router } from '../trpc.ts'

const names = z.array(z.string()).min(1).max(100)

export const tokens = router({
  /** One's own; an admin may ask for everybody's. */
  list: authorizedTeam('token.read')
    .input(z.object({ everyone: z.boolean().default(false) }))
    .query(({ ctx, input }) => {
      const mayAll = roles.indexOf(ctx.at.role) >= roles.indexOf('admin')
      if (input.everyone && !mayAll) throw new PlatformError('forbidden', 'only admins can see the tokens of others')
      return ctx.web.runtime.call(
        'tokens.list',
        { teamId: ctx.at.teamId, userId: input.everyone ? null : ctx.viewer.person.id },
        ctx.as,
      )
    }),

  /** May do what its maker may in this team, or less by scope. `token` is shown this once. */
  create: authorizedTeam('token.write', { listing: true })
    .input(
      z.object({
        name: displayName.max(80),
        /** Actions (`service.call`, `service.*`, `*.read`), and names of services and environments; absent: all. */
        scope: z
          .object({ actions: names.optional(), services: names.optional(), environments: names.optional() })
          .default({}),
        /** Environment in which its calls run; production when null. */
        environment: z.string().nullable().default(null),
        expiresAt: z.number().nullable().default(null),
        /** The team's instead of its maker's: it stays when they leave, and is at most a developer. */
        machine: z
          .object({ role: z.enum(['viewer', 'developer']) })
          .nullable()
          .default(null),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      if (input.expiresAt !== null && input.expiresAt <= Date.now())
        throw new PlatformError('bad_request', 'the expiry is in the past', { field: 'expiresAt' })
      if (input.machine !== null) {
        await requireMachineMaker(ctx)
        if (input.name.includes('@'))
          throw new PlatformError('bad_request', 'the name of a machine token cannot be an address', {
            field: 'name',
            fix: 'Remove the @.',
          })
      }
      const { secret, ...token } = await ctx.web.runtime.call(
        'tokens.create',
        {
          teamId: ctx.at.teamId,
          userId: input.machine === null ? ctx.viewer.person.id : null,
          role: input.machine?.role ?? null,
          name: input.name,
          ...(await narrowed(ctx.web, ctx.viewer, { at: ctx.at, ...input })),
        },
        ctx.as,
      )
      return { ...token, token: secret }
    }),

  /** One's own, or as an admin anybody's; by id, or one's own and machines' by name. */
  revoke: authorizedTeam('token.write', { listing: true })
    .input(z.object({ token: z.string() }))
    .mutation(async ({ ctx, input }) => {
      const mayAll = roles.indexOf(ctx.at.role) >= roles.indexOf('admin')
      const known = await ctx.web.runtime.call(
        'tokens.list',
        { teamId: ctx.at.teamId, userId: mayAll ? null : ctx.viewer.person.id },
        ctx.as,
      )
      const byName = known.filter(
        (token) => token.name === input.token && (token.machine !== null || token.person.id === ctx.viewer.person.id),
      )
      const found = known.find((token) => token.id === input.token) ?? byName[0]
      if (found === undefined)
        throw new PlatformError('not_found', `token ${input.token} does not exist`, { field: 'token' })
      if (found.id !== input.token && byName.length > 1)
        throw new PlatformError('conflict', `several tokens are named ${input.token}`, {
          field: 'token',
          fix: `Give its id: ${byName.map(({ id }) => id).join(', ')}.`,
        })
      return ctx.web.runtime.call('tokens.revoke', { teamId: ctx.at.teamId, tokenId: found.id }, ctx.as)
    }),
})

/** A machine is like a member whom nobody watches: who adds members makes it, and does so as themselves. */
async function requireMachineMaker({ web, viewer, at }: { web: Web; viewer: Viewer; at: AtTeam }): Promise<void> {
  if (isLimited(viewer.token))
    throw new PlatformError('forbidden', 'a token cannot create a machine token', {
      fix: 'Sign in as a person to create it.',
    })
  await authorize(web, viewer, 'member.write', { team: at.team })
}
