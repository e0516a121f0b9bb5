import { z } from 'zod'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { roles } from '#contract/permissions.ts'
import { guardedOf } from '#contract/protection.ts'
import { type Environment, environmentKinds } from '#contract/records.ts'
import { type AtTeam, authorize, isInScope, refusalOfProtected } from '../authorize.ts'
import { looked, requireLookedAt } from '../looked-at.ts'
import { validName } from '../names.ts'
import type { Viewer, Web } from '../web.ts'
import { authorizedEnvironment, authorizedServiceHere, authorizedTeam, router } from '../trpc.ts'
import { here } from './services.ts'

const admitted = z.object({
  role: z.enum(roles),
  /** Emails of members. */
  people: z.array(z.string().max(300)).max(100),
})

export const environments = router({
  list: authorizedTeam('environment.read', { listing: true }).query(async ({ ctx }) => {
    const all = await ctx.web.runtime.call('environments.list', { teamId: ctx.at.teamId }, ctx.as)
    return all.flatMap((environment) => inReach(ctx.viewer, environment))
  }),

  /** `from` is the parent's name, production when absent. */
  create: authorizedTeam('environment.create')
    .input(z.object({ name: z.string(), kind: z.enum(environmentKinds).optional(), from: z.string().optional() }))
    .mutation(async ({ ctx, input }) => {
      const name = validName('environment', input.name)
      const parent =
        input.from === undefined
          ? undefined
          : await ctx.web.runtime.call(
              'access.resolve',
              {
                userId: ctx.viewer.person.id,
                team: ctx.at.team,
                environment: input.from,
              },
              ctx.as,
            )
      await requireLetIn(ctx, parent?.environment ?? null, parent?.environmentKind ?? null)
      return ctx.web.runtime.call(
        'environments.create',
        {
          teamId: ctx.at.teamId,
          name,
          parentId: parent?.environmentId ?? null,
          ownerId: ctx.viewer.person.id,
          ...(input.kind !== undefined && { kind: input.kind }),
        },
        ctx.as,
      )
    }),

  delete: authorizedEnvironment('environment.delete')
    .input(z.object({ id: looked }))
    .mutation(({ ctx, input }) => {
      requireLookedAt('environment', ctx.at.environment, { id: ctx.at.environmentId, looked: input.id })
      return ctx.web.runtime.call('environments.delete', { environmentId: ctx.at.environmentId }, ctx.as)
    }),

  /** Those that can come back, the latest first. */
  departed: authorizedTeam('environment.read', { listing: true }).query(async ({ ctx }) => {
    const all = await ctx.web.runtime.call('environments.departed', { teamId: ctx.at.teamId }, ctx.as)
    return all.flatMap((environment) => inReach(ctx.viewer, environment))
  }),

  /** That one, or the latest of that name that the caller may bring back. */
  restore: authorizedTeam('environment.create')
    .input(z.object({ name: z.string(), id: z.string().optional() }))
    .mutation(async ({ ctx, input }) => {
      const all = await ctx.web.runtime.call('environments.departed', { teamId: ctx.at.teamId }, ctx.as)
      const named = all.filter(({ id, name }) => name === input.name && (input.id === undefined || id === input.id))
      if (named.length === 0) {
        throw new PlatformError('not_found', `environment ${input.name} cannot be restored`, {
          field: 'name',
          fix:
            all.length === 0
              ? 'None was deleted or expired within the last day.'
              : `Choose one of ${[...new Set(all.map(({ name }) => name))].join(', ')}.`,
        })
      }
      // What ran in it runs again: that needs what deploying there needs.
      const refusals = await Promise.all(
        named.map(async (one) => {
          const protection = guardedOf(one)
          return (
            protection &&
            refusalOfProtected(ctx.web, ctx.viewer, {
              at: ctx.at,
              action: 'service.deploy',
              environment: one.name,
              protection,
            })
          )
        }),
      )
      const found = named.find((_, at) => !refusals[at])
      if (found === undefined) throw refusals[0] ?? new PlatformError('forbidden', `you may not restore ${input.name}`)
      return ctx.web.runtime.call('environments.restore', { environmentId: found.id }, ctx.as)
    }),

  /** As if it had just been used: its time begins anew. */
  keep: authorizedEnvironment('environment.write').mutation(({ ctx }) =>
    ctx.web.runtime.call('environments.keep', { environmentId: ctx.at.environmentId }, ctx.as),
  ),

  /** `from` is the name of its new parent. */
  move: authorizedEnvironment('environment.write')
    .input(z.object({ from: z.string() }))
    .mutation(async ({ ctx, input }) => {
      // What is below it inherits from it: a token that does not reach the parent would, by way of its child.
      const parent = await authorize(ctx.web, ctx.viewer, 'environment.read', {
        team: ctx.at.team,
        environment: input.from,
      })
      await requireLetIn(ctx, parent.environment, parent.environmentKind)
      return ctx.web.runtime.call(
        'environments.move',
        { environmentId: ctx.at.environmentId, parentId: parent.environmentId },
        ctx.as,
      )
    }),

  /** Against another environment, its parent when absent: services, variables, and what stands in a promotion's way. */
  diff: authorizedEnvironment('environment.read')
    .input(z.object({ against: z.string().optional() }))
    .query(async ({ ctx, input }) => {
      const other =
        input.against === undefined
          ? null
          : await authorize(ctx.web, ctx.viewer, 'environment.read', { team: ctx.at.team, environment: input.against })
      const diff = await ctx.web.runtime.call(
        'environments.diff',
        { environmentId: ctx.at.environmentId, againstId: other?.environmentId ?? null },
        ctx.as,
      )
      const readable = await Promise.all(
        [diff.environment, diff.against].map((environment) =>
          authorize(ctx.web, ctx.viewer, 'variable.read', { team: ctx.at.team, environment }).then(
            () => true,
            unlessForbidden,
          ),
        ),
      )
      // Whoever may not read them learns where they are set, as of secrets, and not which are equal.
      return readable.every(Boolean)
        ? diff
        : {
            ...diff,
            variables: diff.variables.flatMap((one) =>
              one.change === 'differs' ? [] : [{ ...one, secret: true, here: null, there: null }],
            ),
          }
    }),

  /** Drops the environment's own copy of a service; its calls go to the parent's again. */
  reset: authorizedServiceHere('environment.write').mutation(({ ctx }) =>
    ctx.web.runtime.call('environments.reset', here(ctx.at), ctx.as),
  ),

  /** Who may do what in it beyond the roles; null: the roles alone say so again. */
  protect: authorizedEnvironment('environment.protect')
    .input(
      z.object({
        protection: z
          .object({
            deploy: admitted,
            secrets: admitted,
            promote: admitted,
            approval: z.boolean().optional(),
            overlays: z.boolean().optional(),
          })
          .nullable(),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      const members =
        input.protection === null ? [] : await ctx.web.runtime.call('members.list', { teamId: ctx.at.teamId }, ctx.as)
      const ids = (guard: keyof NonNullable<typeof input.protection>, emails: string[]) =>
        emails.map((email) => {
          const found = members.find(({ person }) => person.email.toLowerCase() === email.toLowerCase())
          if (found === undefined)
            throw new PlatformError('not_found', `${email} is not a member of the team`, {
              field: guard,
              fix: 'Invite them first: m3o invite create EMAIL --role developer.',
            })
          return found.person.id
        })
      const { deploy, secrets, promote, approval, overlays } = input.protection ?? {}
      return ctx.web.runtime.call(
        'environments.protect',
        {
          environmentId: ctx.at.environmentId,
          protection:
            deploy && secrets && promote
              ? {
                  deploy: { role: deploy.role, people: ids('deploy', deploy.people) },
                  secrets: { role: secrets.role, people: ids('secrets', secrets.people) },
                  promote: { role: promote.role, people: ids('promote', promote.people) },
                  ...(approval && { approval }),
                  ...(overlays && { overlays }),
                }
              : null,
        },
        ctx.as,
      )
    }),

  /** Who works in a personal environment besides its owner: all of them, by their emails. */
  letIn: authorizedEnvironment('environment.admit')
    .input(z.object({ people: z.array(z.string().max(300)).max(100) }))
    .mutation(async ({ ctx, input }) => {
      const members = await ctx.web.runtime.call('members.list', { teamId: ctx.at.teamId }, ctx.as)
      const people = input.people.map((email) => {
        const found = members.find(({ person }) => person.email.toLowerCase() === email.toLowerCase())
        if (found === undefined)
          throw new PlatformError('not_found', `${email} is not a member of the team`, {
            field: 'people',
            fix: 'Invite them first: m3o invite create EMAIL --role developer.',
          })
        return found.person.id
      })
      return ctx.web.runtime.call('environments.letIn', { environmentId: ctx.at.environmentId, people }, ctx.as)
    }),

  /** Keeps what it inherits as it is now, rather than following its parent. */
  pin: authorizedEnvironment('environment.write').mutation(({ ctx }) =>
    ctx.web.runtime.call('environments.pin', { environmentId: ctx.at.environmentId }, { ...ctx.as, timeoutMs: 60_000 }),
  ),

  /** Follows its parent again. */
  unpin: authorizedEnvironment('environment.write').mutation(({ ctx }) =>
    ctx.web.runtime.call(
      'environments.unpin',
      { environmentId: ctx.at.environmentId },
      { ...ctx.as, timeoutMs: 60_000 },
    ),
  ),
})

/** What is on a personal environment inherits what is set there: that is for those who work in it. */
async function requireLetIn(
  { web, viewer, at }: { web: Pick<Web, 'runtime'>; viewer: Viewer; at: AtTeam },
  environment: string | null,
  kind: Environment['kind'] | null,
): Promise<void> {
  if (environment !== null && kind === 'personal')
    await authorize(web, viewer, 'environment.write', { team: at.team, environment }, { listing: true })
}

/** With the services that a token reaches; nothing of an environment that it does not. */
function inReach<E extends { id: string; overrides: { serviceId: string }[] }>(viewer: Viewer, environment: E): E[] {
  if (!isInScope(viewer, { environmentId: environment.id })) return []
  if (viewer.token?.scope.services === undefined) return [environment]
  // Who works on what is said by the names of services alone, not by what a token is limited to.
  return [
    {
      ...environment,
      overrides: environment.overrides.filter(({ serviceId }) => isInScope(viewer, { serviceId })),
      ...('editing' in environment && { editing: [], laptops: [] }),
    },
  ]
}

function unlessForbidden(error: unknown): false {
  if (isPlatformError(error) && error.code === 'forbidden') return false
  throw error
}
