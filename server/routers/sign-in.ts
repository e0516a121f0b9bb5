import { z } from 'zod'
import { type MessageKind } from '#contract/people.ts'
import { waiting } from '../auth/second.ts'
import { personName, emailAddress, password } from '../people/inputs.ts'
import { useMessage } from '../people/message-limit.ts'
import { signOutEverywhere } from '../people/sign-out.ts'
import { networkOf } from '../people/sign-in-limit.ts'
import { actingAs } from '../people/changes.ts'
import { authorized, type Context, router } from '../trpc.ts'

const code = z.string().min(1).max(200)
const host = z.string().max(253)

/**
 * What somebody who is not signed in may ask for. Whether there is an account with an address, no answer tells, nor its time:
 * a message is asked for by one row, and who it is for is looked up when it is sent.
 */
export const signIn = router({
  /** A link that signs in. */
  requestLink: authorized('platform.start')
    .input(z.object({ email: emailAddress }))
    .mutation(({ ctx, input }) => ask(ctx, 'link', input.email)),

  requestReset: authorized('platform.start')
    .input(z.object({ email: emailAddress }))
    .mutation(({ ctx, input }) => ask(ctx, 'reset', input.email)),

  requestSignUp: authorized('platform.start')
    .input(z.object({ email: emailAddress }))
    .mutation(async ({ ctx, input }) => {
      await ctx.web.signUps.requireOpen()
      return ask(ctx, 'sign-up', input.email)
    }),

  /** What the link of a message is for. */
  readCode: authorized('platform.start')
    .input(z.object({ code }))
    .mutation(async ({ ctx, input }) => {
      ctx.web.limits.token.use(`code ${networkOf(ctx.from)}`)
      return ctx.web.byMessage.read(input.code)
    }),

  /** Ends every session, and what the command was signed in with. The browser signs in with the new password afterwards. */
  reset: authorized('platform.start')
    .input(z.object({ code, password }))
    .mutation(async ({ ctx, input }) => {
      const { web, from } = ctx
      web.limits.token.use(`code ${networkOf(from)}`)
      const { person, claimed } = await web.byMessage.reset(input.code, input.password, from)
      const signedOut = await signOutEverywhere(web, person, { actor: actingAs(person, from), all: claimed })
      await web.messages.add('notice', person.email, { what: claimed ? 'claimed' : 'password' })
      web.noteChanged(person.id)
      return { email: person.email, ...signedOut }
    }),

  signUp: authorized('platform.start')
    .input(z.object({ code, name: personName, password }))
    .mutation(async ({ ctx, input }) => {
      ctx.web.limits.token.use(`code ${networkOf(ctx.from)}`)
      const person = await ctx.web.byMessage.signUp(input.code, { name: input.name, password: input.password })
      ctx.web.noteChanged(person.id)
      return { email: person.email }
    }),

  /** Of the account that one is signed in to, or its new one. */
  confirmAddress: authorized('platform.start')
    .input(z.object({ code }))
    .mutation(async ({ ctx, input }) => {
      const { web, from } = ctx
      web.limits.token.use(`code ${networkOf(from)}`)
      const { person, before } = await web.byMessage.confirmAddress(
        input.code,
        ctx.viewer?.session && ctx.viewer.person,
        from,
      )
      if (before !== person.email) await web.messages.add('notice', before, { what: 'email' })
      web.noteChanged(person.id)
      return { email: person.email }
    }),

  /** Whose sign-in waits in this browser for a second factor, and which they have; null when none does. */
  waiting: authorized('platform.start').query(async ({ ctx }) => {
    const found = await waiting(ctx.web, ctx.cookie)
    if (found === undefined) return null
    const { totp, passkeys } = await ctx.web.factor.of(found.person.id)
    return { email: found.person.email, totp, passkeys: passkeys > 0 }
  }),

  /** For the browser to ask for a passkey: of whoever's sign-in waits, else of anybody. */
  passkeyOptions: authorized('platform.start')
    .input(z.object({ host, second: z.boolean().default(false) }))
    .mutation(async ({ ctx, input }) => {
      ctx.web.limits.signIn.use(`passkey options ${networkOf(ctx.from)}`)
      if (!input.second) return ctx.web.passkeys.begin('sign in', input.host)
      const found = await waiting(ctx.web, ctx.cookie)
      return ctx.web.passkeys.begin(found === undefined ? 'sign in' : 'second', input.host, found?.person.id)
    }),
})

async function ask({ web, from }: Context, kind: MessageKind, email: string): Promise<{ mailed: boolean }> {
  if (useMessage(web, { from, to: email })) await web.messages.add(kind, email)
  return { mailed: web.messages.mailer !== undefined }
}
