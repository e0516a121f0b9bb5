'use client'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { Button, ButtonLink } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { useInFront } from '#components/ui/in-front.ts'
import { Gate } from './gate.tsx'

/** Asks once whether a service of another team may be told who one is. Nothing is told before. */
export function AgreeToService({ host, to }: { host: string; to: string }) {
  const trpc = useTRPC()
  const { data: me } = useSuspenseQuery(trpc.person.me.queryOptions())
  const {
    data: { serviceId, service, team, agreed },
  } = useSuspenseQuery(trpc.person.consent.queryOptions({ host }))
  const go = () => location.assign(paths.handover({ host, to }))
  const agree = useMutation(trpc.person.agree.mutationOptions({ onSuccess: go }))
  const inFront = useInFront()
  const teams = me.teams.map(({ name }) => name)
  return (
    <Gate
      title={`Sign in to ${service}?`}
      about={
        <>
          <strong className="text-text">{service}</strong> is a service of the team{' '}
          <strong className="text-text">{team}</strong>, which you are not in.
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <div className="rounded border border-border bg-raised px-3 py-2.5">
          <h2 className="text-muted">With each of your requests it receives</h2>
          <dl className="mt-1.5 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
            {me.person.unconfirmed ? (
              <>
                <dt>Id</dt>
                <dd className="min-w-0">your account’s id, because your address is not confirmed</dd>
              </>
            ) : (
              <>
                <dt>Email</dt>
                <dd className="min-w-0 font-medium break-all">{me.person.email}</dd>
              </>
            )}
            {teams.length > 0 && (
              <>
                <dt>{teams.length === 1 ? 'Team' : 'One of your teams'}</dt>
                <dd className="min-w-0 font-medium break-words">{teams.join(', ')}</dd>
              </>
            )}
          </dl>
        </div>
        <p className="text-small text-muted">
          You are signed in as <span className="break-all">{me.person.email}</span>; the service’s address is{' '}
          <span className="break-all">{host}</span>. You are asked only once. You can withdraw this in Settings,
          Account.
        </p>
        {agree.error !== null && <ErrorLine error={agree.error} />}
        <div className="flex gap-2">
          {agreed ? (
            <Button kind="primary" className="h-9! grow" onClick={go}>
              Continue to {service}
            </Button>
          ) : (
            <Button
              kind="primary"
              className="h-9! grow"
              busy={agree.isPending || agree.isSuccess}
              reason={inFront ? null : 'In a moment'}
              onClick={() => agree.mutate({ host, serviceId })}
            >
              Agree and continue
            </Button>
          )}
          <ButtonLink href={paths.home()} className="h-9!">
            Cancel
          </ButtonLink>
        </div>
      </div>
    </Gate>
  )
}
