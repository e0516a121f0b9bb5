import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { Gate } from '#components/people/gate.tsx'
import { SetUp } from '#components/people/set-up.tsx'
import { page } from '#server/page.ts'

export const metadata: Metadata = { title: 'Set up' }

export default async function SetUpPage({ searchParams }: { searchParams: Promise<{ code?: string | string[] }> }) {
  const { code } = await searchParams
  const { queryClient, trpc } = page()
  const { setupNeeded } = await queryClient.fetchQuery(trpc.platform.welcome.queryOptions())
  if (!setupNeeded) redirect(paths.home())
  if (typeof code !== 'string' || code === '') {
    return (
      <Gate
        title="Nobody is here yet"
        about="Open the set-up link that the server printed when it started: it makes you the first person of this platform, and works once."
      >
        <pre className="overflow-x-auto rounded border border-border bg-sunken px-3 py-2 text-small text-muted">
          Become the first owner: …/setup?code=…
        </pre>
        <p className="mt-3 text-muted">Not on the screen any more? Start the server again and it prints a new one.</p>
      </Gate>
    )
  }
  return (
    <Gate
      title="Welcome to M3O"
      about="You will run this platform, and own its first team. Next: a service of your own, deployed in about two minutes."
    >
      <SetUp code={code} />
    </Gate>
  )
}
