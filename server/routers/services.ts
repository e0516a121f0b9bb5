import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { serviceSettings } from '#contract/records.ts'
import type { Audience } from '#contract/routing.ts'
import { perMinute, readables, tags } from '#contract/sharing.ts'
import { authorize, isInScope, requireNameMayBeTaken } from '../authorize.ts'
import { looked, requireLookedAt } from '../looked-at.ts'
import { validName } from '../names.ts'
import { authorizedEnvironment, authorizedService, authorizedServiceHere, authorizedTeam, router } from '../trpc.ts'

export const services = router({
  /** As this environment sees them; those that other teams share come last, with their own `team`. */
  list: authorizedEnvironment('service.read', { listing: true }).query(async ({ ctx }) => {
    const [own, shared] = await Promise.all([
      ctx.web.runtime.call('services.list', { teamId: ctx.at.teamId, environmentId: ctx.at.environmentId }, ctx.as),
      ctx.web.runtime.call('services.shared', { teamId: ctx.at.teamId, name: null }, ctx.as),
    ])
    return [...own, ...shared].filter((service) =>
      isInScope(ctx.viewer, { serviceId: service.id, environmentId: ctx.at.environmentId }),
    )
  }),

  /** The same, without what only their own screens show. */
  catalogue: authorizedEnvironment('service.read', { listing: true }).query(async ({ ctx }) => {
    const all = await ctx.web.runtime.call(
      'services.catalogue',
      { teamId: ctx.at.teamId, environmentId: ctx.at.environmentId },
      ctx.as,
    )
    return all.filter((service) =>
      isInScope(ctx.viewer, { serviceId: service.id, environmentId: ctx.at.environmentId }),
    )
  }),

  /** Another team's, that may be called from this one; `name` is `@team/service`. */
  shared: authorizedTeam('service.read', { listing: true })
    .input(z.object({ name: z.string().max(64) }))
    .query(async ({ ctx, input }) => {
      const [found] = await ctx.web.runtime.call('services.shared', { teamId: ctx.at.teamId, name: input.name }, ctx.as)
      if (found === undefined || !isInScope(ctx.viewer, { serviceId: found.id })) {
        throw new PlatformError('not_found', `service ${input.name} is not shared with ${ctx.at.team}`, {
          fix: `Ask its team to share it: m3o share SERVICE --with ${ctx.at.team}`,
        })
      }
      return found
    }),

  get: authorizedServiceHere('service.read').query(({ ctx }) =>
    ctx.web.runtime.call('services.get', here(ctx.at), ctx.as),
  ),

  /** In every environment where it was deployed itself. */
  everywhere: authorizedService('service.read', { listing: true }).query(async ({ ctx }) => {
    if (!isInScope(ctx.viewer, ctx.at)) throw new PlatformError('not_found', `service ${ctx.at.service} does not exist`)
    return ctx.web.runtime.call('services.everywhere', { serviceId: ctx.at.serviceId }, ctx.as)
  }),

  create: authorizedTeam('service.create')
    .input(
      z.object({ name: z.string(), template: z.string().nullable().default(null), empty: z.boolean().default(false) }),
    )
    .mutation(async ({ ctx, input }) => {
      const name = validName('service', input.name)
      await requireNameMayBeTaken(ctx.web, ctx.viewer, { team: ctx.at.team, service: name })
      return ctx.web.runtime.call(
        'services.create',
        { teamId: ctx.at.teamId, name, template: input.template, ownerId: ctx.viewer.person.id, empty: input.empty },
        ctx.as,
      )
    }),

  rename: authorizedService('service.rename')
    .input(z.object({ name: z.string() }))
    .mutation(async ({ ctx, input }) => {
      const name = validName('service', input.name)
      await requireNameMayBeTaken(ctx.web, ctx.viewer, { team: ctx.at.team, service: name })
      return ctx.web.runtime.call('services.rename', { serviceId: ctx.at.serviceId, name }, ctx.as)
    }),

  /** `owner` is a member's email, or null for nobody. */
  update: authorizedService('service.write')
    .input(
      z.object({
        description: z.string().max(2_000).optional(),
        owner: z.string().nullable().optional(),
        /** How to reach whoever is on call. */
        contact: z
          .string()
          .trim()
          .max(300)
          .regex(/^[^\x00-\x1f]*$/, 'one line')
          .optional(),
        tags: tags.optional(),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      const { description, owner, contact } = input
      const members = owner == null ? [] : await ctx.web.runtime.call('members.list', { teamId: ctx.at.teamId }, ctx.as)
      const found = members.find(({ person }) => person.email.toLowerCase() === owner?.toLowerCase())
      if (owner != null && found === undefined)
        throw new PlatformError('not_found', `${owner} is not a member of the team`, { field: 'owner' })
      return ctx.web.runtime.call(
        'services.update',
        {
          serviceId: ctx.at.serviceId,
          ...(description !== undefined && { description }),
          ...(owner !== undefined && { ownerId: found?.person.id ?? null }),
          ...(contact !== undefined && { contact }),
          ...(input.tags !== undefined && { tags: input.tags }),
        },
        ctx.as,
      )
    }),

  /** Who may call it, whether they must be approved, how often, and who may read its source; what is absent stays. */
  share: authorizedService('service.share')
    .input(
      z.object({
        readable: z.enum(readables).optional(),
        approval: z.boolean().optional(),
        perMinute: perMinute.nullable().optional(),
        audience: z
          .discriminatedUnion('kind', [
            z.object({ kind: z.literal('team') }),
            z.object({ kind: z.literal('teams'), teams: z.array(z.string()).min(1).max(100) }),
            z.object({ kind: z.literal('platform') }),
            z.object({ kind: z.literal('anyone') }),
          ])
          .optional(),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      const { readable, approval, perMinute: number } = input
      const audience: Audience | undefined =
        input.audience?.kind !== 'teams'
          ? input.audience
          : {
              kind: 'teams',
              teams: await Promise.all(
                input.audience.teams.map(
                  async (team) =>
                    (await ctx.web.runtime.call('access.resolve', { userId: ctx.viewer.person.id, team }, ctx.as))
                      .teamId,
                ),
              ),
            }
      return ctx.web.runtime.call(
        'services.update',
        {
          serviceId: ctx.at.serviceId,
          ...(audience !== undefined && { audience }),
          ...(readable !== undefined && { readable }),
          ...(approval !== undefined && { approval }),
          ...(number !== undefined && { perMinute: number }),
        },
        ctx.as,
      )
    }),

  /** Tells those who use it to look for another; null: not any more. `replacement`: one of the team's, or `@team/service`. */
  deprecate: authorizedService('service.share')
    .input(
      z.object({
        deprecation: z
          .object({
            message: z.string().trim().min(1, 'enter a reason, or what to use instead').max(500),
            /** When it stops being there. */
            sunset: z.number().int().positive().max(8.64e15).nullable().default(null),
            replacement: z.string().max(64).nullable().default(null),
          })
          .nullable(),
      }),
    )
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call(
        'services.deprecate',
        { teamId: ctx.at.teamId, serviceId: ctx.at.serviceId, deprecation: input.deprecation },
        ctx.as,
      ),
    ),

  /** Who really called it in the last 30 days, and would notice if it went. */
  dependants: authorizedService('service.read').query(({ ctx }) =>
    ctx.web.runtime.call('services.dependants', { serviceId: ctx.at.serviceId }, ctx.as),
  ),

  /** By the words of their documents; names, tags and endpoints are in the catalogue itself. */
  search: authorizedTeam('service.read', { listing: true })
    .input(z.object({ query: z.string().max(200) }))
    .query(async ({ ctx, input }) => {
      const found = await ctx.web.runtime.call('services.search', { teamId: ctx.at.teamId, query: input.query }, ctx.as)
      return found.filter(({ serviceId }) => isInScope(ctx.viewer, { serviceId }))
    }),

  configure: authorizedServiceHere('service.write')
    .input(z.object({ settings: serviceSettings.partial() }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('services.configure', { ...here(ctx.at), settings: input.settings }, ctx.as),
    ),

  /** To another team, where one may make services, and deploy them into production: it serves there. */
  transfer: authorizedService('service.delete')
    .input(z.object({ to: z.string(), id: looked }))
    .mutation(async ({ ctx, input }) => {
      requireLookedAt('service', ctx.at.service, { id: ctx.at.serviceId, looked: input.id })
      const { teamId } = await authorize(ctx.web, ctx.viewer, 'service.create', { team: input.to })
      await authorize(ctx.web, ctx.viewer, 'service.deploy', { team: input.to, environment: 'production' })
      await requireNameMayBeTaken(ctx.web, ctx.viewer, { team: input.to, service: ctx.at.service })
      return ctx.web.runtime.call(
        'services.transfer',
        { serviceId: ctx.at.serviceId, teamId },
        { ...ctx.as, timeoutMs: 60_000 },
      )
    }),

  delete: authorizedService('service.delete')
    .input(z.object({ id: looked }))
    .mutation(({ ctx, input }) => {
      requireLookedAt('service', ctx.at.service, { id: ctx.at.serviceId, looked: input.id })
      return ctx.web.runtime.call('services.delete', { serviceId: ctx.at.serviceId }, ctx.as)
    }),

  /** Stops it in this environment; source, history and settings stay. */
  kill: authorizedServiceHere('service.deploy').mutation(({ ctx }) =>
    ctx.web.runtime.call('services.kill', here(ctx.at), ctx.as),
  ),

  traffic: authorizedServiceHere('service.read').query(({ ctx }) =>
    ctx.web.runtime.call('services.traffic', here(ctx.at), ctx.as),
  ),
})

/** Only the ids, as the runtime's procedures take them. */
export const here = ({ serviceId, environmentId }: { serviceId: string; environmentId: string }) => ({
  serviceId,
  environmentId,
})
