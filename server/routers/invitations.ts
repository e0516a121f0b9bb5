import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { roles } from '#contract/permissions.ts'
import { consolePath } from '#contract/console-paths.ts'
import { actingAs } from '../people/changes.ts'
import { personName, emailAddress, nameOfAddress, newPassword, password } from '../people/inputs.ts'
import { secretOf } from '../people/mailed-invitation.ts'
import { useInvitation } from '../people/message-limit.ts'
import { isLimited } from '../people/token-scope.ts'
import { authorized, authorizedTeam, router } from '../trpc.ts'
import { requireOwnerFor } from './members.ts'

const secret = z.string().min(1).max(200)

export const invitations = router({
  list: authorizedTeam('member.write').query(({ ctx }) =>
    ctx.web.runtime.call('invitations.list', { teamId: ctx.at.teamId }, ctx.as),
  ),

  /** `link` is shown this once. The one that is mailed is another, which proves the address. */
  create: authorizedTeam('member.write')
    .input(z.object({ email: emailAddress, role: z.enum(roles) }))
    .mutation(async ({ ctx, input }) => {
      requireOwnerFor(ctx.at.role, [input.role])
      const mails =
        ctx.web.messages.mailer === undefined || useInvitation(ctx.web, { by: ctx.viewer.person.id, to: input.email })
      const { secret: made, ...invitation } = await ctx.web.runtime.call(
        'invitations.create',
        {
          teamId: ctx.at.teamId,
          email: input.email,
          role: input.role,
        },
        ctx.as,
      )
      const {
        settings: { url },
        mailedInvitations,
      } = ctx.web
      const link = `${url}${consolePath.invitation(made)}`
      const mailed = `${url}${consolePath.invitation(mailedInvitations.codeFor(made, invitation.email))}`
      if (mails)
        await ctx.web.messages.addInvitation(input.email, mailed, {
          team: ctx.at.team,
          role: input.role,
          by: ctx.viewer.person.name,
        })
      return { ...invitation, link, mailed: ctx.web.messages.mailer !== undefined }
    }),

  revoke: authorizedTeam('member.write')
    .input(z.object({ invitationId: z.string() }))
    .mutation(({ ctx, input }) =>
      ctx.web.runtime.call('invitations.revoke', { teamId: ctx.at.teamId, invitationId: input.invitationId }, ctx.as),
    ),

  /** Who is invited to what. Whether that person has an account, only the mailed link tells; null for others, whom it would tell about a stranger. */
  read: authorized('platform.start')
    .input(z.object({ secret }))
    .query(async ({ ctx, input }) => {
      const invitation = await ctx.web.runtime.call('invitations.read', { secret: secretOf(input.secret) })
      const hasAccount = ctx.web.mailedInvitations.proves(input.secret, invitation.email)
        ? (await ctx.web.people.byEmail(invitation.email)) !== undefined
        : null
      return {
        ...invitation,
        hasAccount,
        providers: ctx.web.settings.providers.map(({ id, name }) => ({ id, name })),
        signedInAs: ctx.viewer?.person.email ?? null,
      }
    }),

  /**
   * Joins the team: as who is signed in; or with the account's password; or, without an account, by making one (name and
   * password). The link that was mailed is proof of the address that it was made for, the one that was shown is not.
   */
  accept: authorized('platform.start')
    .input(z.object({ secret, name: personName.optional(), password: password.optional() }))
    .mutation(async ({ ctx, input }) => {
      const { web, viewer } = ctx
      // A program's token is of one team: it takes its maker into no other.
      if (isLimited(viewer?.token))
        throw new PlatformError('forbidden', 'a token cannot accept an invitation', {
          fix: 'Open the link in a browser.',
        })
      const secret = secretOf(input.secret)
      const invitation = await web.runtime.call('invitations.read', { secret })
      const proved = web.mailedInvitations.proves(input.secret, invitation.email)
      const person = viewer?.person ?? (await personFor(ctx, invitation.email, { ...input, proved }))
      if (person.email.toLowerCase() !== invitation.email.toLowerCase()) {
        throw new PlatformError(
          'conflict',
          `this invitation is for ${invitation.email}; you are signed in as ${person.email}`,
          { fix: `Sign out, then open the link as ${invitation.email}.` },
        )
      }
      const actor = viewer?.actor ?? actingAs(person, ctx.from)
      if (proved && person.unconfirmed) await web.people.confirm(person, actor)
      if (viewer === undefined || proved) web.noteChanged(person.id)
      const team = await web.runtime.call('invitations.accept', { secret, userId: person.id }, { actor })
      return { team: team.name, role: team.role, email: person.email }
    }),
})

async function personFor(
  ctx: Parameters<Parameters<ReturnType<typeof authorized>['query']>[0]>[0]['ctx'],
  email: string,
  given: { name?: string | undefined; password?: string | undefined; proved: boolean },
) {
  const { people } = ctx.web
  if (given.password === undefined)
    throw new PlatformError('bad_request', 'a password is needed', { field: 'password' })
  // The link that was shown to whoever invites must not tell them, by the kind of refusal, whether there is an account.
  if (!given.proved) {
    await ctx.web.signUps.requireNotClosed()
    newPassword(given.password)
  }
  if ((await people.byEmail(email)) !== undefined) {
    const person = await people.signIn({ email, password: given.password, from: ctx.from })
    if (await ctx.web.factor.isNeeded(person.id))
      throw new PlatformError('forbidden', 'this account requires a second factor', {
        fix: 'Sign in to the console first, then open the link again.',
        data: { reason: 'second_factor' },
      })
    return person
  }
  await ctx.web.signUps.requireNotClosed()
  return people.create({
    email,
    name: given.name ?? nameOfAddress(email),
    password: newPassword(given.password),
    operator: false,
    emailVerified: given.proved,
  })
}
