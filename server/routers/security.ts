import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { linkingCode, providerKey } from '../auth/providers.ts'
import { confirmedForMs, requireBrowser, requireConfirmed } from '../people/confirmed.ts'
import { useMessage } from '../people/message-limit.ts'
import { displayName, emailAddress, newPassword, password } from '../people/inputs.ts'
import { authorizedPerson, router } from '../trpc.ts'

/** Changes how one signs in: in a browser, by somebody who was there a moment ago. */
const changing = authorizedPerson('person.write').use(async ({ ctx, next }) => {
  await requireConfirmed(ctx.web, ctx.viewer)
  return next()
})

const host = z.string().max(253)
/** What the browser gives; all of it is hostile until it was verified. */
const registration = z
  .object({
    id: z.string(),
    rawId: z.string(),
    type: z.literal('public-key'),
    response: z.looseObject({ clientDataJSON: z.string(), attestationObject: z.string() }),
    clientExtensionResults: z.looseObject({}),
  })
  .loose()

export const security = router({
  /** How one signs in. */
  read: authorizedPerson('person.read').query(async ({ ctx }) => {
    const {
      web,
      viewer: { person },
    } = ctx
    const [account, factors, passkeys, linked] = await Promise.all([
      web.people.account(person.id),
      web.factor.of(person.id),
      web.passkeys.list(person.id),
      web.linked.list(person.id),
    ])
    const providers = web.settings.providers.map((provider) => ({
      id: provider.id,
      name: provider.name,
      key: providerKey(provider),
    }))
    return {
      ...account,
      totp: factors.totp,
      recoveryCodes: factors.recoveryCodes,
      passkeys,
      linked: linked.map((each) => ({
        ...each,
        name: providers.find(({ key }) => key === each.provider)?.name ?? each.provider.split(' ')[0] ?? each.provider,
      })),
      providers: providers.map(({ id, name, key }) => ({
        id,
        name,
        linked: linked.some(({ provider }) => provider === key),
      })),
    }
  }),

  /** That one is there, for what asks for it: by the password, or a code of one's app. */
  confirm: authorizedPerson('person.write')
    .input(z.object({ password: password.optional(), code: z.string().max(100).optional() }))
    .mutation(async ({ ctx, input }) => {
      const {
        web,
        viewer: { person },
      } = ctx
      const session = requireBrowser(ctx.viewer)
      if (input.code !== undefined) await web.factor.check(person, input.code, ctx.as.actor)
      else if (!(await web.people.isPassword(person.id, input.password ?? '')))
        throw new PlatformError('bad_request', 'wrong password', { field: 'password' })
      await web.sessions.confirm(session.id)
      return { until: Date.now() + confirmedForMs }
    }),

  /** Of somebody who has none. Who has one changes it with `person.changePassword`. */
  setPassword: changing.input(z.object({ password })).mutation(async ({ ctx, input }) => {
    const {
      web,
      viewer: { person },
    } = ctx
    if ((await web.people.account(person.id)).hasPassword)
      throw new PlatformError('not_in_this_state', 'you already have a password', {
        fix: 'Change it by entering the current one.',
      })
    await web.people.setPassword(person.id, newPassword(input.password), ctx.as.actor)
    await told(ctx, 'password')
    return { ok: true as const }
  }),

  /** Sends a link to the address that one has. */
  verifyEmail: authorizedPerson('person.write').mutation(async ({ ctx }) => {
    const {
      web,
      viewer: { person },
    } = ctx
    requireBrowser(ctx.viewer)
    if (useMessage(web, { from: ctx.from, to: person.email })) await web.messages.add('verify', person.email)
    return { mailed: web.messages.mailer !== undefined }
  }),

  /** Sends a link to the new address, which is one's own once it was opened. Whether somebody has it already, the answer does not tell. */
  changeEmail: changing.input(z.object({ email: emailAddress })).mutation(async ({ ctx, input }) => {
    const {
      web,
      viewer: { person },
    } = ctx
    if (useMessage(web, { from: ctx.from, to: input.email }))
      await web.messages.add('email', input.email, { userId: person.id })
    return { mailed: web.messages.mailer !== undefined }
  }),

  beginTotp: changing.mutation(({ ctx }) => ctx.web.factor.beginTotp(ctx.viewer.person)),

  /** `recoveryCodes` are shown this once; empty when there are some already. */
  confirmTotp: changing.input(z.object({ code: z.string().max(20) })).mutation(async ({ ctx, input }) => {
    const made = await ctx.web.factor.confirmTotp(ctx.viewer.person, input.code, ctx.as.actor)
    await told(ctx, 'second factor')
    return made
  }),

  removeTotp: changing.mutation(async ({ ctx }) => {
    await ctx.web.factor.removeTotp(ctx.viewer.person, ctx.as.actor)
    await told(ctx, 'second factor removed')
    return { ok: true as const }
  }),

  renewRecovery: changing.mutation(async ({ ctx }) => {
    const recoveryCodes = await ctx.web.factor.renewRecovery(ctx.viewer.person, ctx.as.actor)
    ctx.web.noteChanged(ctx.viewer.person.id)
    return { recoveryCodes }
  }),

  passkeyOptions: changing
    .input(z.object({ host }))
    .mutation(({ ctx, input }) => ctx.web.passkeys.beginAdd(ctx.viewer.person, input.host)),

  addPasskey: changing.input(z.object({ name: displayName, answer: registration })).mutation(async ({ ctx, input }) => {
    const made = await ctx.web.passkeys.add(ctx.viewer.person, { name: input.name, answer: input.answer }, ctx.as.actor)
    await told(ctx, 'second factor')
    return made
  }),

  renamePasskey: changing
    .input(z.object({ passkeyId: z.string(), name: displayName }))
    .mutation(async ({ ctx, input }) => {
      await ctx.web.passkeys.rename(ctx.viewer.person, { id: input.passkeyId, name: input.name }, ctx.as.actor)
      ctx.web.noteChanged(ctx.viewer.person.id)
      return { ok: true as const }
    }),

  removePasskey: changing.input(z.object({ passkeyId: z.string() })).mutation(async ({ ctx, input }) => {
    await ctx.web.passkeys.remove(ctx.viewer.person, input.passkeyId, ctx.as.actor)
    await told(ctx, 'second factor removed')
    return { ok: true as const }
  }),

  /** The next sign-in at this provider, in this session, is linked to one's account. */
  beginLinking: changing.input(z.object({ provider: z.string() })).mutation(async ({ ctx, input }) => {
    const {
      web,
      viewer: { person },
    } = ctx
    if (!web.settings.providers.some(({ id }) => id === input.provider))
      throw new PlatformError('not_found', 'this provider does not exist', { field: 'provider' })
    const code = linkingCode(requireBrowser(ctx.viewer).id, input.provider)
    await web.codes.take('linking', code)
    await web.codes.make('linking', { userId: person.id }, code)
    return { ok: true as const }
  }),

  unlink: changing.input(z.object({ provider: z.string(), subject: z.string() })).mutation(async ({ ctx, input }) => {
    await ctx.web.linked.remove(ctx.viewer.person, input, ctx.as.actor)
    ctx.web.noteChanged(ctx.viewer.person.id)
    return { ok: true as const }
  }),
})

type Changing = Parameters<Parameters<(typeof changing)['mutation']>[0]>[0]['ctx']

/** The person, who may not have done it; and the runtime, for the audit. */
async function told({ web, viewer }: Changing, what: string): Promise<void> {
  await web.messages.add('notice', viewer.person.email, { what })
  web.noteChanged(viewer.person.id)
}
