import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import type { AtTeam } from '../authorize.ts'
import { isInScope, requireNameMayBeTaken } from '../authorize.ts'
import { authorizedTeam, router } from '../trpc.ts'
import type { Viewer, Web } from '../web.ts'
import { validName } from '../names.ts'

/** `@team/service` */
const named = z.object({ name: z.string().max(64) })
const days = z.number().int().min(1).max(90).default(30)

/** Other teams' services, as far as they are shared with the team that the input names. */
export const shared = router({
  docs: authorizedTeam('service.read', { listing: true })
    .input(named)
    .query(async ({ ctx, input }) => ctx.web.runtime.call('shared.docs', await seen(ctx, input.name), ctx.as)),

  /** The revision that serves in its production, where its team lets it be read. */
  tree: authorizedTeam('source.read', { listing: true })
    .input(named)
    .query(async ({ ctx, input }) => ctx.web.runtime.call('shared.tree', await seen(ctx, input.name), ctx.as)),

  read: authorizedTeam('source.read', { listing: true })
    .input(named.extend({ path: z.string().max(4_096) }))
    .query(async ({ ctx, input }) =>
      ctx.web.runtime.call('shared.read', { ...(await seen(ctx, input.name)), path: input.path }, ctx.as),
    ),

  /** One's own team's calls of it, its limit and its approval; nothing of other teams'. */
  usage: authorizedTeam('service.read', { listing: true })
    .input(named.extend({ days }))
    .query(async ({ ctx, input }) =>
      ctx.web.runtime.call('shared.usage', { ...(await seen(ctx, input.name)), days: input.days }, ctx.as),
    ),

  /** Asks its team to let this one call it. */
  ask: authorizedTeam('consumer.ask')
    .input(named.extend({ reason: z.string().trim().min(1, 'enter a reason').max(1_000) }))
    .mutation(async ({ ctx, input }) =>
      ctx.web.runtime.call('shared.ask', { ...(await seen(ctx, input.name)), reason: input.reason }, ctx.as),
    ),

  /** A service of the team's own with that one's source and history. */
  fork: authorizedTeam('service.create')
    .input(named.extend({ as: z.string().max(64) }))
    .mutation(async ({ ctx, input }) => {
      const newName = validName('service', input.as)
      await requireNameMayBeTaken(ctx.web, ctx.viewer, { team: ctx.at.team, service: newName })
      return ctx.web.runtime.call(
        'services.fork',
        { ...(await seen(ctx, input.name)), newName, ownerId: ctx.viewer.person.id },
        { ...ctx.as, timeoutMs: 120_000 },
      )
    }),

  /** Tells the person from now on what changes about it. */
  follow: authorizedTeam('service.follow', { listing: true })
    .input(named.extend({ follow: z.boolean() }))
    .mutation(async ({ ctx, input }) =>
      ctx.web.runtime.call(
        'follows.set',
        { ...(await seen(ctx, input.name)), userId: ctx.viewer.person.id, follow: input.follow },
        ctx.as,
      ),
    ),

  /** As `@team/service`. */
  followed: authorizedTeam('service.follow', { listing: true }).query(({ ctx }) =>
    ctx.web.runtime.call('follows.list', { teamId: ctx.at.teamId, userId: ctx.viewer.person.id }, ctx.as),
  ),

  /** What changed about those that the person follows, or that the team calls. */
  news: authorizedTeam('service.follow', { listing: true }).query(({ ctx }) =>
    isInScope(ctx.viewer, { serviceId: '' })
      ? ctx.web.runtime.call('news.list', { teamId: ctx.at.teamId, userId: ctx.viewer.person.id }, ctx.as)
      : [],
  ),

  newsSeen: authorizedTeam('service.follow', { listing: true }).mutation(({ ctx }) =>
    ctx.web.runtime.call('news.seen', { userId: ctx.viewer.person.id }, ctx.as),
  ),
})

/** A token that is limited to some services sees those of other teams only when they are among them. */
async function seen(
  { web, viewer, at, as }: { web: Pick<Web, 'runtime'>; viewer: Viewer; at: AtTeam; as: object },
  name: string,
): Promise<{ teamId: string; name: string }> {
  if (viewer.token?.scope.services !== undefined) {
    const [found] = await web.runtime.call('services.shared', { teamId: at.teamId, name }, as)
    if (found === undefined || !isInScope(viewer, { serviceId: found.id }))
      throw new PlatformError('not_found', `service ${name} is not shared with ${at.team}`)
  }
  return { teamId: at.teamId, name }
}
