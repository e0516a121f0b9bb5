import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { serviceSettings } from '#contract/records.ts'
import type { Audience } from '#contract/routing.ts'
import { authorize, isInScope } from '../authorize.ts'
import { validName } from '../names.ts'
import { authorizedEnvironment, authorizedService, authorizedServiceHere, authorizedTeam, router } from '../trpc.ts'

export const services = router({
  /** As this environment sees them; those that other teams share come last, with their own `team`. */
  list: authorizedEnvironment('service.read', { listing: true }).query(async ({ ctx }) => {
    const [own, shared] = await Promise.all([
      ctx.web.runtime.call('services.list', { teamId: ctx.at.teamId, environmentId: ctx.at.environmentId }, ctx.as),
      ctx.web.runtime.call('services.shared', { teamId: ctx.at.teamId, name: null }, ctx.as),
    ])
    return [...own, ...shared].filter((service) => isInScope(ctx.viewer, { serviceId: service.id, environmentId: ctx.at.environmentId }))
  }),

  /** The same, without what only their own screens show. */
  catalogue: authorizedEnvironment('service.read', { listing: true }).query(async ({ ctx }) => {
    const all = await ctx.web.runtime.call('services.catalogue', { teamId: ctx.at.teamId, environmentId: ctx.at.environmentId }, ctx.as)
    return all.filter((service) => isInScope(ctx.viewer, { serviceId: service.id, environmentId: ctx.at.environmentId }))
  }),

  /** Another team's, that may be called from this one; `name` is `@team/service`. */
  shared: authorizedTeam('service.read', { listing: true })
    .input(z.object({ name: z.string().max(64) }))
    .query(async ({ ctx, input }) => {
      const [found] = await ctx.web.runtime.call('services.shared', { teamId: ctx.at.teamId, name: input.name }, ctx.as)
      if (found === undefined || !isInScope(ctx.viewer, { serviceId: found.id })) {
        throw new PlatformError('not_found', `no service ${input.name} is shared with ${ctx.at.team}`, { fix: `Ask its team to share it: m3o share SERVICE --with ${ctx.at.team}` })
      }
      return found
    }),

  get: authorizedServiceHere('service.read').query(({ ctx }) => ctx.web.runtime.call('services.get', here(ctx.at), ctx.as)),

  /** In every environment where it was deployed itself. */
  everywhere: authorizedService('service.read', { listing: true })
    .query(async ({ ctx }) => {
      if (!isInScope(ctx.viewer, ctx.at)) throw new PlatformError('not_found', `there is no service ${ctx.at.service}`)
      return ctx.web.runtime.call('services.everywhere', { serviceId: ctx.at.serviceId }, ctx.as)
    }),

  create: authorizedTeam('service.create')
    .input(z.object({ name: z.string(), template: z.string().nullable().default(null), empty: z.boolean().default(false) }))
    .mutation(({ ctx, input }) => ctx.web.runtime.call('services.create', {
      teamId: ctx.at.teamId, name: validName('service', input.name), template: input.template, ownerId: ctx.viewer.person.id, empty: input.empty,
    }, ctx.as)),

  rename: authorizedService('service.write')
    .input(z.object({ name: z.string() }))
    .mutation(({ ctx, input }) => ctx.web.runtime.call('services.rename', { serviceId: ctx.at.serviceId, name: validName('service', input.name) }, ctx.as)),

  /** `owner` is a member's email, or null for nobody. */
  update: authorizedService('service.write')
    .input(z.object({ description: z.string().max(2_000).optional(), owner: z.string().nullable().optional() }))
    .mutation(async ({ ctx, input }) => {
      const { description, owner } = input
      const members = owner == null ? [] : await ctx.web.runtime.call('members.list', { teamId: ctx.at.teamId }, ctx.as)
      const found = members.find(({ person }) => person.email.toLowerCase() === owner?.toLowerCase())
      if (owner != null && found === undefined) throw new PlatformError('not_found', `${owner} is not in the team`, { field: 'owner' })
      return ctx.web.runtime.call('services.update', {
        serviceId: ctx.at.serviceId,
        ...(description !== undefined && { description }),
        ...(owner !== undefined && { ownerId: found?.person.id ?? null }),
      }, ctx.as)
    }),

  /** Who may call it. */
  share: authorizedService('service.share')
    .input(z.object({
      audience: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('team') }),
        z.object({ kind: z.literal('teams'), teams: z.array(z.string()).min(1).max(100) }),
        z.object({ kind: z.literal('platform') }),
        z.object({ kind: z.literal('anyone') }),
      ]),
    }))
    .mutation(async ({ ctx, input }) => {
      const audience: Audience = input.audience.kind !== 'teams' ? input.audience : {
        kind: 'teams',
        teams: await Promise.all(input.audience.teams.map(async (team) =>
          (await ctx.web.runtime.call('access.resolve', { userId: ctx.viewer.person.id, team }, ctx.as)).teamId)),
      }
      return ctx.web.runtime.call('services.update', { serviceId: ctx.at.serviceId, audience }, ctx.as)
    }),

  configure: authorizedServiceHere('service.write')
    .input(z.object({ settings: serviceSettings.partial() }))
    .mutation(({ ctx, input }) => ctx.web.runtime.call('services.configure', { ...here(ctx.at), settings: input.settings }, ctx.as)),

  /** To another team, where one may make services. */
  transfer: authorizedService('service.delete')
    .input(z.object({ to: z.string() }))
    .mutation(async ({ ctx, input }) => {
      const { teamId } = await authorize(ctx.web, ctx.viewer, 'service.create', { team: input.to })
      return ctx.web.runtime.call('services.transfer', { serviceId: ctx.at.serviceId, teamId }, { ...ctx.as, timeoutMs: 60_000 })
    }),

  delete: authorizedService('service.delete')
    .mutation(({ ctx }) => ctx.web.runtime.call('services.delete', { serviceId: ctx.at.serviceId }, ctx.as)),

  /** Stops it in this environment; source, history and settings stay. */
  kill: authorizedServiceHere('service.deploy')
    .mutation(({ ctx }) => ctx.web.runtime.call('services.kill', here(ctx.at), ctx.as)),

  traffic: authorizedServiceHere('service.read')
    .input(z.object({ sinceMs: z.number().min(0), stepMs: z.number().min(1_000) }))
    .query(({ ctx, input }) => ctx.web.runtime.call('services.traffic', { ...here(ctx.at), sinceMs: input.sinceMs, stepMs: input.stepMs }, ctx.as)),
})

/** Only the ids, as the runtime's procedures take them. */
export const here = ({ serviceId, environmentId }: { serviceId: string; environmentId: string }) => ({ serviceId, environmentId })
