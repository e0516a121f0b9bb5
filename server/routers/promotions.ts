import { z } from 'zod'
import { type Promotion, type PromotionRequest, seenServices } from '#contract/promotions.ts'
import { PlatformError } from '#contract/errors.ts'
import { type AtTeam, authorize, isInScope } from '../authorize.ts'
import { isLimited } from '../people/token-scope.ts'
import { authorizedTeam, router } from '../trpc.ts'
import type { Viewer, Web } from '../web.ts'

type Context = { web: Pick<Web, 'runtime'>; viewer: Viewer; at: AtTeam; as: object }

const name = z.string().min(1).max(64)
const byId = z.object({ promotionId: z.string() })
const ofRequest = z.object({ requestId: z.string() })
/** Those of its own that move; all when absent. */
const ofEnvironment = z.object({ environment: name, services: z.array(name).min(1).max(1000).optional() })

export const promotions = router({
  /** Newest first; of one environment: those into it and those from it. */
  list: authorizedTeam('environment.read', { listing: true })
    .input(
      z.object({
        environment: name.optional(),
        before: z.string().nullable().default(null),
        limit: z.number().int().min(1).max(200).default(20),
      }),
    )
    .query(async ({ ctx, input }) => {
      const at =
        input.environment === undefined
          ? null
          : await authorize(ctx.web, ctx.viewer, 'environment.read', {
              team: ctx.at.team,
              environment: input.environment,
            })
      const found = await ctx.web.runtime.call(
        'promotions.list',
        { teamId: ctx.at.teamId, environmentId: at?.environmentId ?? null, before: input.before, limit: input.limit },
        ctx.as,
      )
      return found.flatMap((promotion) => inReach(ctx.viewer, promotion))
    }),

  get: authorizedTeam('environment.read', { listing: true })
    .input(byId)
    .query(({ ctx, input }) => ownPromotion(ctx, input.promotionId)),

  /**
   * `generation`: of the parent, as it was looked at; `seen`: of each service, by its name. Refused as `conflict` when that has
   * changed since, or something else would move. Where it asks for a second person, it waits: `request`.
   */
  start: authorizedTeam('environment.promote', { listing: true })
    .input(
      ofEnvironment.extend({ generation: z.number().int().nullable().default(null), seen: seenServices.default(null) }),
    )
    .mutation(async ({ ctx, input }) => {
      const { environmentId, parent } = await withParent(ctx, input.environment)
      await mayPromoteInto(ctx, parent, input.services)
      const wanted = {
        environmentId,
        serviceIds: await idsOf(ctx, input, 'environment.read'),
        generation: input.generation,
        seen: await seenById(ctx, input.seen),
      }
      const all = await ctx.web.runtime.call('environments.list', { teamId: ctx.at.teamId }, ctx.as)
      if (all.find(({ name: one }) => one === parent)?.protection?.approval !== true)
        return {
          ...(await ctx.web.runtime.call('promotions.start', { ...wanted, route: routeOf(ctx.viewer) }, ctx.as)),
          request: null,
        }
      return { promotionId: null, request: await ctx.web.runtime.call('promotions.request', wanted, ctx.as) }
    }),

  /** Those that wait for a second person, then the latest that were decided. */
  requests: authorizedTeam('environment.read', { listing: true }).query(async ({ ctx }) => {
    const all = await ctx.web.runtime.call('promotions.requests', { teamId: ctx.at.teamId }, ctx.as)
    return all.filter((request) => reaches(ctx.viewer, request))
  }),

  /** By a person who may promote there and did not ask for it. `seen`: of the request that they looked at. */
  approve: authorizedTeam('environment.promote', { listing: true })
    .input(ofRequest.extend({ seen: z.string().max(64) }))
    .mutation(async ({ ctx, input }) => {
      if (isLimited(ctx.viewer.token))
        throw new PlatformError('forbidden', 'a promotion must be approved by a person, not by a token', {
          fix: 'Sign in as a person to approve it.',
        })
      const { id, into } = await ownRequest(ctx, input.requestId)
      await mayPromoteInto(ctx, into)
      return ctx.web.runtime.call(
        'promotions.approve',
        { requestId: id, seen: input.seen, route: routeOf(ctx.viewer) },
        ctx.as,
      )
    }),

  decline: authorizedTeam('environment.promote', { listing: true })
    .input(ofRequest.extend({ reason: z.string().trim().max(500).nullable().default(null) }))
    .mutation(async ({ ctx, input }) => {
      const { id, into } = await ownRequest(ctx, input.requestId)
      await mayPromoteInto(ctx, into)
      return ctx.web.runtime.call('promotions.decline', { requestId: id, reason: input.reason || null }, ctx.as)
    }),

  /** Brings what the parent serves into the copies that lack it, and deploys them in the environment itself. */
  merge: authorizedTeam('service.deploy', { listing: true })
    .input(ofEnvironment)
    .mutation(async ({ ctx, input }) => {
      const { environmentId } = await authorize(
        ctx.web,
        ctx.viewer,
        'service.deploy',
        { team: ctx.at.team, environment: input.environment },
        { listing: input.services !== undefined },
      )
      const serviceIds = await idsOf(ctx, input, 'service.deploy')
      return ctx.web.runtime.call(
        'promotions.merge',
        { environmentId, serviceIds, userId: ctx.viewer.person.id, route: routeOf(ctx.viewer) },
        ctx.as,
      )
    }),

  /** What served before serves again, all of it. */
  undo: authorizedTeam('environment.promote', { listing: true })
    .input(byId)
    .mutation(async ({ ctx, input }) => {
      const { id, into } = await ownPromotion(ctx, input.promotionId)
      await mayPromoteInto(ctx, into)
      return ctx.web.runtime.call('promotions.undo', { promotionId: id, route: routeOf(ctx.viewer) }, ctx.as)
    }),

  cancel: authorizedTeam('environment.promote', { listing: true })
    .input(byId)
    .mutation(async ({ ctx, input }) => {
      const { id, into } = await ownPromotion(ctx, input.promotionId)
      await mayPromoteInto(ctx, into)
      return ctx.web.runtime.call('promotions.cancel', { promotionId: id }, ctx.as)
    }),
})

const routeOf = (viewer: Viewer) => (viewer.token === undefined ? ('console' as const) : ('cli' as const))

/** What protects an environment protects it from what is promoted into it. A token may be limited to the services that move. */
async function mayPromoteInto(
  { web, viewer, at }: Context,
  environment: string,
  services?: readonly string[],
): Promise<void> {
  if (services === undefined) await authorize(web, viewer, 'environment.promote', { team: at.team, environment })
  for (const service of services ?? [])
    await authorize(web, viewer, 'environment.promote', { team: at.team, environment, service })
}

async function withParent(
  { web, viewer, at, as }: Context,
  environment: string,
): Promise<{ environmentId: string; parent: string }> {
  const { environmentId } = await authorize(
    web,
    viewer,
    'environment.read',
    { team: at.team, environment },
    { listing: true },
  )
  const found = (await web.runtime.call('environments.list', { teamId: at.teamId }, as)).find(
    ({ id }) => id === environmentId,
  )
  if (found?.parent == null)
    throw new PlatformError('not_in_this_state', `${environment} has no parent to promote to`, {
      fix: 'Choose an environment that has a parent.',
    })
  return { environmentId, parent: found.parent }
}

async function seenById(
  { web, viewer, at }: Context,
  seen: Record<string, string> | null,
): Promise<Record<string, string> | null> {
  if (seen === null) return null
  const found = await Promise.all(
    Object.entries(seen).map(
      async ([service, hash]) =>
        [
          (await authorize(web, viewer, 'service.read', { team: at.team, service }, { listing: true })).serviceId,
          hash,
        ] as const,
    ),
  )
  return Object.fromEntries(found)
}

/** Null: all, which a token must then reach. */
async function idsOf(
  { web, viewer, at }: Context,
  { environment, services }: z.infer<typeof ofEnvironment>,
  action: 'environment.read' | 'service.deploy',
): Promise<string[] | null> {
  if (services === undefined) {
    await authorize(web, viewer, action, { team: at.team, environment })
    return null
  }
  return Promise.all(
    services.map(
      async (service) => (await authorize(web, viewer, action, { team: at.team, environment, service })).serviceId,
    ),
  )
}

/** A promotion of the authorized team, within the token's scope; others do not exist. */
export async function ownPromotion(
  { web, viewer, at }: Pick<Context, 'web' | 'viewer' | 'at'>,
  promotionId: string,
): Promise<Promotion> {
  const found = await web.runtime.call('promotions.get', { promotionId }, { actor: viewer.actor })
  const [reached] = found.teamId === at.teamId ? inReach(viewer, found) : []
  if (reached === undefined) throw new PlatformError('not_found', 'this promotion does not exist')
  return reached
}

async function ownRequest({ web, viewer, at, as }: Context, requestId: string): Promise<PromotionRequest> {
  const all = await web.runtime.call('promotions.requests', { teamId: at.teamId }, as)
  const found = all.find((request) => request.id === requestId && reaches(viewer, request))
  if (found === undefined) throw new PlatformError('not_found', 'this request does not exist')
  return found
}

const reaches = (viewer: Viewer, { intoId, services }: PromotionRequest): boolean =>
  isInScope(viewer, { environmentId: intoId }) &&
  (viewer.token?.scope.services === undefined ||
    (services.length > 0 && services.every(({ id }) => isInScope(viewer, { serviceId: id }))))

/** With the services that a token reaches; nothing of one without any of those. */
export function inReach(viewer: Viewer, promotion: Promotion): Promotion[] {
  const services = promotion.services.filter(({ serviceId }) => isInScope(viewer, { serviceId }))
  return isInScope(viewer, { environmentId: promotion.intoId }) &&
    (services.length > 0 || promotion.services.length === 0)
    ? [{ ...promotion, services }]
    : []
}
