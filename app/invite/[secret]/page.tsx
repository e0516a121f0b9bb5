import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { isPlatformError } from '#contract/errors.ts'
import { paths } from '#client/paths.ts'
import { AcceptInvitation } from '#components/people/accept-invitation.tsx'
import { Gate } from '#components/people/gate.tsx'
import { ButtonLink } from '#components/ui/button.tsx'
import { sentence } from '#components/ui/problem.ts'
import { page } from '#server/page.ts'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Invitation', referrer: 'no-referrer' }

/** As the API takes it. */
const longestSecret = 200

export default async function InvitationPage({ params }: { params: Promise<{ secret: string }> }) {
  const secret = decodeURIComponent((await params).secret)
  if (secret.length > longestSecret) notFound()
  const { queryClient, trpc } = page()
  const invitation = await queryClient.fetchQuery(trpc.invitations.read.queryOptions({ secret })).catch(refusal)
  if (isPlatformError(invitation)) {
    return (
      <Gate
        title="This invitation does not work"
        about={`${sentence(invitation.message)} Ask the sender for a new one.`}
      >
        <ButtonLink href={paths.home()}>Go to the console</ButtonLink>
      </Gate>
    )
  }
  return (
    <Gate title={`Join ${invitation.team}`} about={`You are invited as ${invitation.role}.`}>
      <Prefetched queries={(trpc) => [trpc.invitations.read.queryOptions({ secret })]}>
        <AcceptInvitation secret={secret} />
      </Prefetched>
    </Gate>
  )
}

/** What the platform said about the link; anything else is a failure of the page. */
function refusal(error: unknown) {
  const cause = error instanceof Error ? error.cause : undefined
  if (isPlatformError(cause)) return cause
  throw error
}
