import type { Metadata } from 'next'
import { AskForMessage } from '#components/people/ask-for-message.tsx'
import { Gate } from '#components/people/gate.tsx'

export const metadata: Metadata = { title: 'New password' }

export default function ForgotPage() {
  return (
    <Gate title="New password" about="We email you a link to choose a new password.">
      <AskForMessage what="reset" />
    </Gate>
  )
}
