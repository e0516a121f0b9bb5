import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { AskForMessage } from '#components/people/ask-for-message.tsx'
import { Gate } from '#components/people/gate.tsx'
import { page } from '#server/page.ts'

export const metadata: Metadata = { title: 'Sign up' }

export default async function SignUpPage() {
  const { queryClient, trpc } = page()
  const { signUp } = await queryClient.fetchQuery(trpc.platform.welcome.queryOptions())
  if (signUp !== 'open') redirect(paths.signIn())
  return (
    <Gate title="Sign up" about="We email you a link to confirm your address.">
      <AskForMessage what="sign-up" />
    </Gate>
  )
}
