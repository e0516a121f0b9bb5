import { z } from 'zod'
import type { Deployment } from '#contract/records.ts'
import { deploymentStates } from '#contract/states.ts'
import { authorize, type AtTeam, isInScope, may, requireOwn } from '../authorize.ts'
import { authorizedServiceHere, authorizedTeam, router } from '../trpc.ts'
import type { Viewer, Web } from '../web.ts'
import { here } from './services.ts'
import { saving } from './source.ts'

const byId = z.object({ deploymentId: z.string() })
const scaleLimit = z.number().int().max(32)

export const deployments = router({
  /** Newest first; `before` is the id of the last one seen. All that narrows goes by name. */
  list: authorizedTeam('service.read', { listing: true })
    .input(
      z.object({
        service: z.string().optional(),
        environment: z.string().optional(),
        by: z.string().max(300).optional(),
        state: z.enum(deploymentStates).optional(),
        before: z.string().nullable().default(null),
        limit: z.number().int().min(1).max(200).default(50),
      }),
    )
    .query(async ({ ctx, input }) => {
      const { service, environment, by, state } = input
      const named =
        service === undefined && environment === undefined
          ? undefined
          : await ctx.web.runtime.call(
              'access.resolve',
              {
                userId: ctx.viewer.person.id,
                team: ctx.at.team,
                ...(service !== undefined && { service }),
                ...(environment !== undefined && { environment }),
              },
              ctx.as,
            )
      const found = await ctx.web.runtime.call(
        'deployments.list',
        {
          teamId: ctx.at.teamId,
          before: input.before,
          limit: input.limit,
          ...(by !== undefined && { by }),
          ...(state !== undefined && { state }),
          ...(named?.serviceId != null && { serviceId: named.serviceId }),
          ...(named?.environmentId != null && { environmentId: named.environmentId }),
        },
        ctx.as,
      )
      return found.filter((deployment) => isInScope(ctx.viewer, deployment))
    }),

  get: authorizedTeam('service.read', { listing: true })
    .input(byId)
    .query(({ ctx, input }) => ownDeployment(ctx, input.deploymentId)),

  /** Code and variables compared with what it replaced. */
  diff: authorizedTeam('source.read', { listing: true })
    .input(byId)
    .query(async ({ ctx, input }) => {
      const { id, environment, service } = await ownDeployment(ctx, input.deploymentId)
      const [diff, seesVariables] = await Promise.all([
        ctx.web.runtime.call('deployments.diff', { deploymentId: id }, ctx.as),
        may(ctx.web, ctx.viewer, 'variable.read', { team: ctx.at.team, environment, service }),
      ])
      return seesVariables ? diff : { ...diff, variables: [] }
    }),

  /** How its endpoints differ from what served before, each with those who really call it. */
  impact: authorizedTeam('service.read', { listing: true })
    .input(byId)
    .query(async ({ ctx, input }) => {
      const { id } = await ownDeployment(ctx, input.deploymentId)
      return ctx.web.runtime.call('deployments.impact', { deploymentId: id }, ctx.as)
    }),

  cancel: authorizedTeam('service.deploy', { listing: true })
    .input(byId)
    .mutation(async ({ ctx, input }) => {
      const { id, environment, service } = await ownDeployment(ctx, input.deploymentId)
      await authorize(ctx.web, ctx.viewer, 'service.deploy', { team: ctx.at.team, environment, service })
      return ctx.web.runtime.call('deployments.cancel', { deploymentId: id }, ctx.as)
    }),

  /** A commit, or one's own draft (committed first). */
  start: authorizedServiceHere('service.deploy')
    .input(
      z.object({
        what: z.union([
          z.object({ commit: z.string() }),
          z.object({ draft: z.object({ message: z.string().max(10_000).optional() }) }),
        ]),
      }),
    )
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call(
        'deployments.start',
        {
          ...here(ctx.at),
          what:
            'commit' in input.what
              ? { commit: input.what.commit }
              : { draft: { ...input.what.draft, userId: ctx.viewer.person.id } },
          route: routeOf(ctx.viewer),
        },
        ctx.as,
      ),
    ),

  /** One's own draft with what was typed last, saved as by `source.save`: refused as `conflict` with the field `path` where that is. */
  saveAndStart: authorizedServiceHere('service.deploy', { also: ['source.write'], size: 'large' })
    .input(saving)
    .mutation(({ ctx, input: { path, text, expected } }) =>
      ctx.web.runtime.call(
        'deployments.saveAndStart',
        {
          ...here(ctx.at),
          userId: ctx.viewer.person.id,
          path,
          text,
          expected,
          route: routeOf(ctx.viewer),
        },
        ctx.as,
      ),
    ),

  /** Without `to`, one live revision further back; with it, to that commit (prefix allowed) or deployment. `from`: the deployment that was live when it was looked at, else `conflict`. */
  rollback: authorizedServiceHere('service.deploy')
    .input(z.object({ to: z.string().nullable().default(null), from: z.string().nullable().default(null) }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('deployments.rollback', { ...here(ctx.at), to: input.to, from: input.from }, ctx.as),
    ),

  restart: authorizedServiceHere('service.deploy').mutation(({ ctx }) =>
    ctx.web.runtime.call('deployments.restart', here(ctx.at), ctx.as),
  ),

  scale: authorizedServiceHere('service.deploy')
    .input(
      z
        .object({ min: scaleLimit.min(0), max: scaleLimit.min(1) })
        .refine(({ min, max }) => min <= max, { message: 'min is more than max', path: ['min'] }),
    )
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('deployments.scale', { ...here(ctx.at), min: input.min, max: input.max }, ctx.as),
    ),
})

const routeOf = (viewer: Viewer): 'console' | 'cli' => (viewer.token === undefined ? 'console' : 'cli')

/** A deployment of the authorized team, within the token's scope; others do not exist. */
export async function ownDeployment(
  ctx: { web: Pick<Web, 'runtime'>; viewer: Viewer; at: AtTeam },
  deploymentId: string,
): Promise<Deployment> {
  const found = await ctx.web.runtime.call('deployments.get', { deploymentId }, { actor: ctx.viewer.actor })
  requireOwn(ctx.viewer, ctx.at, found, 'deployment')
  return found
}
