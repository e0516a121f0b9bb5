import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { Gate } from '#components/people/gate.tsx'
import { SignIn } from '#components/people/sign-in.tsx'
import { page } from '#server/page.ts'

export const metadata: Metadata = { title: 'Sign in' }

export default async function SignInPage({
  searchParams,
}: {
  searchParams: Promise<{ to?: string | string[]; error?: string | string[] }>
}) {
  const { to, error } = await searchParams
  const { queryClient, trpc } = page()
  const { setupNeeded, signUp, providers } = await queryClient.fetchQuery(trpc.platform.welcome.queryOptions())
  if (setupNeeded) redirect(paths.setup())
  return (
    <Gate title="Sign in">
      <SignIn
        to={typeof to === 'string' ? to : null}
        error={typeof error === 'string' ? error : null}
        signUp={signUp}
        providers={providers}
      />
    </Gate>
  )
}
