import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { Gate } from '#components/people/gate.tsx'
import { SecondFactor } from '#components/people/second-factor.tsx'
import { page } from '#server/page.ts'

export const metadata: Metadata = { title: 'Second factor' }

export default async function SecondFactorPage({
  searchParams,
}: {
  searchParams: Promise<{ to?: string | string[] }>
}) {
  const { to } = await searchParams
  const { queryClient, trpc } = page()
  const waiting = await queryClient.fetchQuery(trpc.signIn.waiting.queryOptions())
  if (waiting === null) redirect(paths.signIn())
  return (
    <Gate
      title="One more step"
      about={
        <>
          You are signing in as <span className="break-all">{waiting.email}</span>.
        </>
      }
    >
      <SecondFactor to={typeof to === 'string' ? to : null} totp={waiting.totp} passkeys={waiting.passkeys} />
    </Gate>
  )
}
