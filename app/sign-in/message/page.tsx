import type { Metadata } from 'next'
import { ByMessage } from '#components/people/by-message.tsx'
import { Gate } from '#components/people/gate.tsx'

export const metadata: Metadata = { title: 'Your link', referrer: 'no-referrer' }

export default function ByMessagePage() {
  return (
    <Gate title="Your link">
      <ByMessage />
    </Gate>
  )
}
