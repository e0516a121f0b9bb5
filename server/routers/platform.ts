import { z } from 'zod'
import { signUps } from '#contract/people.ts'
import { signOutEverywhere } from '../people/sign-out.ts'
import { requireConfirmed } from '../people/confirmed.ts'
import { emailAddress } from '../people/inputs.ts'
import type { Check } from '#contract/checks.ts'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { authorized, authorizedPerson, router } from '../trpc.ts'

export const platform = router({
  /** What the first page needs to know before anybody is signed in. */
  welcome: authorized('platform.start').query(async ({ ctx }) => ({
    setupNeeded: await ctx.web.setup.isNeeded(),
    signedIn: ctx.viewer !== undefined,
    signUp: await ctx.web.signUps.setting(),
    mail: ctx.web.messages.mailer !== undefined,
    providers: ctx.web.settings.providers.map(({ id, name }) => ({ id, name })),
    url: ctx.web.settings.url,
  })),

  /** Addresses that screens and the command show. */
  about: authorizedPerson('person.read').query(async ({ ctx }) => {
    const { version, engine, gateway, isolation } = await ctx.web.runtime.call('platform.status', {}, ctx.as)
    return {
      version,
      engine,
      url: ctx.web.settings.url,
      gateway,
      weaker: isolation.flatMap(({ weaker }) => weaker ?? []),
    }
  }),

  /** How people get in, and what an operator has to do for it. */
  people: authorizedPerson('platform.read').query(async ({ ctx }) => {
    const { settings, messages, signUps } = ctx.web
    return {
      signUp: await signUps.setting(),
      mail: messages.mailer && { host: messages.mailer.host, from: messages.mailer.from },
      providers: settings.providers.map(({ id, name, issuer }) => ({
        id,
        name,
        issuer,
        callback: `${settings.url}/api/auth/callback/${id}`,
      })),
      messages: await messages.waiting(),
      unconfirmed: await ctx.web.people.unconfirmed(),
    }
  }),

  setSignUp: authorizedPerson('platform.write')
    .input(z.object({ signUp: z.enum(signUps) }))
    .mutation(({ ctx, input }) => ctx.web.runtime.call('platform.configure', { signUp: input.signUp }, ctx.as)),

  /** The link of a message that waits, for an operator to pass on; who saw whose is in the audit. */
  showMessage: authorizedPerson('platform.write')
    .input(z.object({ messageId: z.string() }))
    .mutation(async ({ ctx, input }) => {
      // Whoever has the link has the account.
      await requireConfirmed(ctx.web, ctx.viewer)
      const shown = await ctx.web.messages.show(input.messageId)
      await ctx.web.byMessage.noteShown(ctx.viewer.person, shown, ctx.from)
      ctx.web.noteChanged(ctx.viewer.person.id)
      return shown
    }),

  /** Of somebody who has lost theirs, and their recovery codes. Their sessions and command-line sign-ins end: whoever is in them may not be who asked. */
  removeFactors: authorizedPerson('platform.write')
    .input(z.object({ email: emailAddress }))
    .mutation(async ({ ctx, input }) => {
      const { web } = ctx
      await requireConfirmed(web, ctx.viewer)
      const found = await web.people.byEmail(input.email)
      if (found === undefined)
        throw new PlatformError('not_found', `no account has the address ${input.email}`, { field: 'email' })
      const person = { id: found.id, name: found.name, email: found.email }
      await web.factor.removeAll(person, ctx.as.actor)
      await signOutEverywhere(web, person, { actor: ctx.as.actor, keep: { sessionId: ctx.viewer.session?.id } })
      await web.messages.add('notice', person.email, { what: 'second factor removed' })
      web.noteChanged(person.id)
      return { email: person.email }
    }),

  /** An operator who knows that the account is theirs vouches for its address, as where no mail is sent. Names what was looked at. */
  confirmPerson: authorizedPerson('platform.write')
    .input(z.object({ userId: z.string(), email: z.string().max(254) }))
    .mutation(async ({ ctx, input }) => {
      await requireConfirmed(ctx.web, ctx.viewer)
      await ctx.web.people.confirm({ id: input.userId, email: input.email }, ctx.as.actor, 'person.confirm')
      ctx.web.noteChanged(input.userId)
      return { ok: true as const }
    }),

  dismissMessage: authorizedPerson('platform.write')
    .input(z.object({ messageId: z.string() }))
    .mutation(async ({ ctx, input }) => {
      await ctx.web.messages.dismiss(input.messageId)
      return { ok: true as const }
    }),
  /** Looked at just now; where the runtime does not respond, that is what is found. */
  health: authorizedPerson('platform.read').query(({ ctx }) =>
    ctx.web.runtime.call('platform.health', {}, ctx.as).then(
      (checks) => [{ name: 'runtime', state: 'ok' as const, says: 'responds', fix: null }, ...checks],
      (error: unknown): Check[] => {
        if (!isPlatformError(error) || error.code !== 'unavailable') throw error
        return [
          {
            name: 'runtime',
            state: 'bad',
            says: 'does not respond',
            fix: 'It restarts within two seconds. If it does not, see its log: $M3O_HOME/logs/runtime.log.',
          },
        ]
      },
    ),
  ),

  rotateKey: authorizedPerson('platform.write').mutation(({ ctx }) =>
    ctx.web.runtime.call('platform.rotateKey', {}, ctx.as),
  ),

  status: authorizedPerson('platform.read').query(({ ctx }) => ctx.web.runtime.call('platform.status', {}, ctx.as)),
})
