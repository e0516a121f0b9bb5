import type { Metadata } from 'next'
import { Environments } from '#components/environments/environments.tsx'

export const metadata: Metadata = { title: 'Environments' }

/** What it shows is what the frame has loaded. */
export default function EnvironmentsPage() {
  return <Environments />
}
