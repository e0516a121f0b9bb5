import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { Gate } from '#components/people/gate.tsx'
import { SignIn } from '#components/people/sign-in.tsx'
import { webOfPage } from '#app/bridge.ts'

export const metadata: Metadata = { title: 'Sign in' }

export default async function SignInPage({ searchParams }: { searchParams: Promise<{ to?: string | string[] }> }) {
  const { to } = await searchParams
  if (await webOfPage().setup.isNeeded()) redirect(paths.setup())
  return <Gate title="Sign in"><SignIn to={typeof to === 'string' ? to : null} /></Gate>
}
