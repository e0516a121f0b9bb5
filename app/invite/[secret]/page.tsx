import type { Metadata } from 'next'
import { isPlatformError } from '#contract/errors.ts'
import { paths } from '#client/paths.ts'
import { AcceptInvitation } from '#components/people/accept-invitation.tsx'
import { Gate } from '#components/people/gate.tsx'
import { ButtonLink } from '#components/ui/button.tsx'
import { sentence } from '#components/ui/problem.ts'
import { webOfPage } from '#app/bridge.ts'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Invitation', referrer: 'no-referrer' }

export default async function InvitationPage({ params }: { params: Promise<{ secret: string }> }) {
  const secret = decodeURIComponent((await params).secret)
  const invitation = await webOfPage().runtime.call('invitations.read', { secret }).catch((error: unknown) => {
    if (isPlatformError(error)) return error
    throw error
  })
  if (isPlatformError(invitation)) {
    return (
      <Gate title="This invitation does not work" about={`${sentence(invitation.message)} Ask whoever sent it for a new one.`}>
        <ButtonLink href={paths.home()}>Go to the console</ButtonLink>
      </Gate>
    )
  }
  return (
    <Gate title={`Join ${invitation.team}`} about={`You are invited as ${invitation.role}.`}>
      <Prefetched queries={(trpc) => [trpc.invitations.read.queryOptions({ secret })]}><AcceptInvitation secret={secret} /></Prefetched>
    </Gate>
  )
}
