import type { Metadata } from 'next'
import { AskForMessage } from '#components/people/ask-for-message.tsx'
import { Gate } from '#components/people/gate.tsx'

export const metadata: Metadata = { title: 'Sign-in link' }

export default function LinkPage() {
  return (
    <Gate title="Sign-in link" about="We email you a link that signs you in once, without a password.">
      <AskForMessage what="link" />
    </Gate>
  )
}
