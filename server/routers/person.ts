import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { personName, emailAddress, newPassword, password } from '../people/inputs.ts'
import { signOutEverywhere } from '../people/sign-out.ts'
import { networkOf } from '../people/sign-in-limit.ts'
import { commandToken } from '../people/command-token.ts'
import { isLimited } from '../people/token-scope.ts'
import { requireNoSecond } from '../people/second-factor.ts'
import { authorized, authorizedPerson, router } from '../trpc.ts'
import { signedIn } from '../authorize.ts'
import { isServiceHost } from '../http/handover.ts'
import type { Web } from '../web.ts'

export const person = router({
  /** Who asks. With a token, also the team and environment that it is for. */
  me: authorized('platform.start').query(async ({ ctx }) => {
    const { person: who, operator, session, token } = signedIn(ctx.viewer)
    const all = await ctx.web.runtime.call('teams.list', { userId: who.id })
    return {
      person: who,
      operator,
      teams: isLimited(token) ? all.filter((team) => team.id === token?.teamId) : all,
      session: session ?? null,
      token:
        token === undefined
          ? null
          : { id: token.tokenId, team: token.team, environment: token.environment, scope: token.scope },
    }
  }),

  /** The first person, by the link that the server printed. The browser signs in with the same password afterwards. */
  setUp: authorized('platform.start')
    .input(z.object({ code: z.string().max(200), email: emailAddress, name: personName, password }))
    .mutation(async ({ ctx, input }) => {
      ctx.web.limits.signIn.use(`set-up ${networkOf(ctx.from)}`)
      const { person: made, team } = await ctx.web.setup.run(input.code, {
        email: input.email,
        name: input.name,
        password: input.password,
      })
      ctx.web.noteChanged(made.id)
      return { email: made.email, team }
    }),

  /** For the command: a token in exchange for the password. `team`: one's first when absent. */
  login: authorized('platform.start')
    .input(
      z.object({
        email: z.string().max(254),
        password,
        team: z.string().optional(),
        name: z.string().max(60).optional(),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      const who = await ctx.web.people.signIn({ email: input.email, password: input.password, from: ctx.from })
      await requireNoSecond(ctx.web, who)
      return commandToken(ctx.web, who, { team: input.team, from: ctx.from, name: input.name })
    }),

  /** In the browser, on `/cli`: lets the command, which listens on `port` of this machine, be signed in. */
  confirmCommand: authorizedPerson('person.write')
    .input(
      z.object({
        port: z.number().int().min(1).max(65_535),
        state: z.string().min(8).max(200),
        team: z.string().nullable().default(null),
      }),
    )
    .mutation(({ ctx, input }) => {
      if (ctx.viewer.session === undefined)
        throw new PlatformError('forbidden', 'this must be confirmed by a person in a browser')
      const code = ctx.web.commandCodes.make({
        userId: ctx.viewer.person.id,
        sessionId: ctx.viewer.session.id,
        team: input.team,
      })
      return {
        redirect: `http://127.0.0.1:${input.port}/callback?${new URLSearchParams({ code, state: input.state }).toString()}`,
      }
    }),

  /** For the command: a token in exchange for the code that came with the redirect, once. */
  exchangeCode: authorized('platform.start')
    .input(z.object({ code: z.string().max(200), name: z.string().max(60).optional() }))
    .mutation(async ({ ctx, input }) => {
      const taken = ctx.web.commandCodes.take(input.code)
      // Who has signed out since, or whose account was taken back, gives nobody a token.
      const who = taken && (await ctx.web.sessions.open(taken.sessionId))?.person
      if (who === undefined) {
        ctx.web.limits.token.use(networkOf(ctx.from))
        throw new PlatformError('unauthenticated', 'this code is invalid or has expired', {
          fix: 'Run `m3o login` again.',
        })
      }
      return commandToken(ctx.web, who, { team: taken?.team ?? undefined, from: ctx.from, name: input.name })
    }),

  /** Ends what one is signed in by: the session, or the token. */
  logout: authorized('platform.start').mutation(async ({ ctx }) => {
    const { person: who, session, token, actor } = signedIn(ctx.viewer)
    if (session) await ctx.web.sessions.end(who, session.id, { ...actor, from: ctx.from })
    ctx.web.noteChanged(who.id)
    if (token) await ctx.web.runtime.call('tokens.revoke', { teamId: token.teamId, tokenId: token.tokenId }, { actor })
    return { ok: true as const }
  }),

  rename: authorizedPerson('person.write')
    .input(z.object({ name: personName }))
    .mutation(async ({ ctx, input }) => {
      await ctx.web.people.rename(ctx.viewer.person, input.name, ctx.as.actor)
      ctx.web.noteChanged(ctx.viewer.person.id)
      return { ok: true as const }
    }),

  /** Ends every other session and command-line sign-in of the person, unless `signOutElsewhere` is false; keeps the one that asks. */
  changePassword: authorizedPerson('person.write')
    .input(z.object({ current: password, next: password, signOutElsewhere: z.boolean().default(true) }))
    .mutation(async ({ ctx, input }) => {
      const { person: who } = ctx.viewer
      await ctx.web.people.changePassword(
        who.id,
        { current: input.current, next: newPassword(input.next, 'next') },
        ctx.as.actor,
      )
      await ctx.web.messages.add('notice', who.email, { what: 'password' })
      const signedOut = input.signOutElsewhere
        ? await signOutEverywhere(ctx.web, who, {
            actor: ctx.as.actor,
            keep: { sessionId: ctx.viewer.session?.id, tokenId: ctx.viewer.token?.tokenId },
          })
        : { sessionsEnded: 0, commandsSignedOut: 0 }
      ctx.web.noteChanged(who.id)
      return signedOut
    }),

  sessions: authorizedPerson('person.read').query(async ({ ctx }) => {
    const all = await ctx.web.sessions.list(ctx.viewer.person.id)
    return all.map((session) => ({ ...session, current: session.id === ctx.viewer.session?.id }))
  }),

  endSession: authorizedPerson('person.write')
    .input(z.object({ sessionId: z.string() }))
    .mutation(async ({ ctx, input }) => {
      const ended = await ctx.web.sessions.end(ctx.viewer.person, input.sessionId, ctx.as.actor)
      ctx.web.noteChanged(ctx.viewer.person.id)
      if (ended) return { ok: true as const }
      throw new PlatformError('not_found', 'this session does not exist', { field: 'sessionId' })
    }),

  /** Whose service is at a host, and whether it may be told who one is. */
  consent: authorizedPerson('person.read')
    .input(z.object({ host: z.string().max(300) }))
    .query(({ ctx, input }) =>
      ctx.web.runtime.call(
        'access.consent',
        { userId: ctx.viewer.person.id, host: serviceHost(ctx.web, input.host) },
        ctx.as,
      ),
    ),

  /** In the browser: the service at this host may be told who one is, from now on. */
  agree: authorizedPerson('person.write')
    .input(z.object({ host: z.string().max(300), serviceId: z.string() }))
    .mutation(async ({ ctx, input }) => {
      if (ctx.viewer.session === undefined)
        throw new PlatformError('forbidden', 'this must be confirmed by a person in a browser')
      const { serviceId } = await ctx.web.runtime.call(
        'access.consent',
        { userId: ctx.viewer.person.id, host: serviceHost(ctx.web, input.host) },
        ctx.as,
      )
      // What was looked at is what is agreed to, whatever the host leads to by now.
      if (serviceId !== input.serviceId)
        throw new PlatformError('conflict', 'another service now has this address', {
          fix: 'Load the page again.',
        })
      return ctx.web.runtime.call('access.agree', { userId: ctx.viewer.person.id, serviceId }, ctx.as)
    }),

  /** Services of other teams that may be told who one is. */
  consents: authorizedPerson('person.read').query(({ ctx }) =>
    ctx.web.runtime.call('access.consents', { userId: ctx.viewer.person.id }, ctx.as),
  ),

  revokeConsent: authorizedPerson('person.write')
    .input(z.object({ serviceId: z.string() }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call(
        'access.revokeConsent',
        { userId: ctx.viewer.person.id, serviceId: input.serviceId },
        ctx.as,
      ),
    ),

  endOtherSessions: authorizedPerson('person.write').mutation(async ({ ctx }) => {
    const sessionsEnded = await ctx.web.sessions.endOthers(ctx.viewer.person, ctx.viewer.session?.id, ctx.as.actor)
    ctx.web.noteChanged(ctx.viewer.person.id)
    return { sessionsEnded }
  }),
})

function serviceHost(web: Pick<Web, 'settings'>, host: string): string {
  if (!isServiceHost(host.toLowerCase(), web.settings))
    throw new PlatformError('bad_request', 'no service has this host', { field: 'host' })
  return host.toLowerCase()
}
