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
        title="No accounts yet"
        about="Open the setup link that the server printed when it started. It works once, and creates the first owner account."
      >
        <pre className="overflow-x-auto rounded border border-border bg-sunken px-3 py-2 text-small text-muted">
          Create the first owner account: …/setup?code=…
        </pre>
        <p className="mt-3 text-muted">Lost the link? Restart the server to print a new one.</p>
      </Gate>
    )
  }
  return (
    <Gate
      title="Welcome to M3O"
      about="You will be the operator of this platform and the owner of its first team. Next: deploy your first service, in about two minutes."
    >
      <SetUp code={code} />
    </Gate>
  )
}
