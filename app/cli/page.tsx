import type { Metadata } from 'next'
import { ConfirmCommand } from '#components/people/confirm-command.tsx'
import { Gate } from '#components/people/gate.tsx'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Sign in the m3o command', referrer: 'no-referrer' }

type Query = Partial<Record<'port' | 'state' | 'name', string | string[]>>

export default async function CommandPage({ searchParams }: { searchParams: Promise<Query> }) {
  const { port, state, name } = await searchParams
  const number = Number(port)
  if (!Number.isInteger(number) || number < 1 || number > 65_535 || typeof state !== 'string' || state.length < 8) {
    return (
      <Gate title="This link is not complete" about="Run m3o login again. It opens this page with a complete link.">
        {null}
      </Gate>
    )
  }
  const machine = typeof name === 'string' && name !== '' ? name : undefined
  return (
    <Prefetched queries={(trpc) => [trpc.person.me.queryOptions()]}>
      <Gate
        title="Sign in the m3o command?"
        about={
          <>
            The m3o command{' '}
            {machine !== undefined && (
              <>
                on <strong className="text-text">{machine}</strong>{' '}
              </>
            )}
            asks to act as you. Continue only if you have just run <code className="text-text">m3o login</code>.
          </>
        }
      >
        <ConfirmCommand port={number} state={state} />
      </Gate>
    </Prefetched>
  )
}
