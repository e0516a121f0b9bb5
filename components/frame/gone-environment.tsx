'use client'
import { useQuery } from '@tanstack/react-query'
import { Hourglass, SearchX, Trash2, Undo2 } from 'lucide-react'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useRestore } from '#components/environments/life.ts'
import { Button, ButtonLink } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Time } from '#components/ui/time.tsx'
import { useMay } from './may.ts'
import { usePlace } from './place.ts'

/** In the place of a screen whose environment was deleted or has expired: what happened, and the way back. */
export function GoneEnvironment() {
  const { team, environment } = usePlace()
  const trpc = useTRPC()
  const may = useMay()
  const { restore, restoring } = useRestore()
  const { data, isPending } = useQuery(trpc.environments.departed.queryOptions({ team }))
  if (isPending) return null
  const named = data?.filter(({ name }) => name === environment) ?? []
  const gone = named.find((one) => may('service.deploy', one) === null) ?? named[0]
  const away = (
    <ButtonLink href={paths.environments({ team, environment: gone?.parent ?? 'production' })}>
      All environments
    </ButtonLink>
  )
  if (gone === undefined)
    return (
      <EmptyState icon={<SearchX />} title={`Environment ${environment} does not exist`} action={away}>
        It does not exist, or was deleted.
      </EmptyState>
    )
  return (
    <EmptyState
      icon={gone.expired ? <Hourglass /> : <Trash2 />}
      title={`${environment} ${gone.expired ? 'has expired' : 'was deleted'}`}
      action={
        <>
          <Button
            kind="primary"
            reason={may('environment.create') ?? may('service.deploy', gone)}
            busy={restoring !== undefined}
            onClick={() => restore(gone)}
          >
            <Undo2 />
            Restore {environment}
          </Button>
          {away}
        </>
      }
    >
      {gone.expired ? (
        <>
          It was not called, edited or deployed to for 72 hours. That ended <Time at={gone.departedAt} />.
        </>
      ) : (
        <>
          That was <Time at={gone.departedAt} />.
        </>
      )}{' '}
      You can restore it. It is deleted for good <Time at={gone.until} />.
    </EmptyState>
  )
}
