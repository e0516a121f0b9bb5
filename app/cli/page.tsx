import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'
import { ConfirmCommand } from '#components/people/confirm-command.tsx'
import { Gate } from '#components/people/gate.tsx'
import { viewerOfPage } from '#app/bridge.ts'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Sign the command in', referrer: 'no-referrer' }

type Query = Partial<Record<'port' | 'state' | 'name', string | string[]>>

export default async function CommandPage({ searchParams }: { searchParams: Promise<Query> }) {
  const { port, state, name } = await searchParams
  const number = Number(port)
  if (!Number.isInteger(number) || number < 1 || number > 65_535 || typeof state !== 'string' || state.length < 8) {
    return <Gate title="This link is not complete" about="Run m3o login again: it opens this page with what it needs.">{null}</Gate>
  }
  const viewer = await viewerOfPage()
  const machine = typeof name === 'string' && name !== '' ? name : undefined
  if (viewer === undefined) redirect(paths.signIn(paths.commandSignIn({ port: number, state, ...(machine !== undefined && { name: machine }) })))
  return (
    <Gate
      title="Sign the m3o command in?"
      about={<>It {machine !== undefined && <>on <strong className="text-text">{machine}</strong> </>}will act as <strong className="text-text">{viewer.person.email}</strong>. Go on only if you have just run <code className="text-text">m3o login</code>.</>}
    >
      <Prefetched queries={(trpc) => [trpc.person.me.queryOptions()]}><ConfirmCommand port={number} state={state} /></Prefetched>
    </Gate>
  )
}
